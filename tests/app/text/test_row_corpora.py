"""JSON lines and MKQA as corpora."""

import json

import pytest

from app.text.corpora import read_corpus
from tests.support.corpora import (
    ARABIC,
    ENGLISH,
    HINDI,
    JAPANESE,
    file,
    groups,
    refused,
    rows,
)


def test_rows_of_translations() -> None:
    corpus = read_corpus(
        [rows("all.jsonl", *({"id": 7 + i, "en": ENGLISH[i], "jpn": JAPANESE[i], "topic": "x"} for i in range(3)))]
    )
    assert (corpus.format, corpus.languages) == ("jsonl", ("en", "ja"))
    assert groups(corpus, "ja") == ["7", "8", "9"]
    assert "ignored: topic" in corpus.report.warnings[0]


def test_rows_without_names_are_groups_of_their_own() -> None:
    corpus = read_corpus(
        [
            rows(
                "a.jsonl",
                {"en": "One.", "ar": ARABIC[0]},
                {"en": "Two.", "ar": ARABIC[1], "ru": None},
                {"en": "Three.", "ar": "", "hi": HINDI[0]},
                {"en": "Four.", "hi": HINDI[1]},
            )
        ]
    )
    assert groups(corpus, "en") == ["a.jsonl:1", "a.jsonl:2", "a.jsonl:3", "a.jsonl:4"]
    assert groups(corpus, "hi") == ["a.jsonl:3", "a.jsonl:4"]
    assert corpus.report.dropped == {"no ru text": 1, "empty ar text": 1}


def test_id_is_an_identifier_or_indonesian() -> None:
    indonesian = ["Roti itu hangat.", "Di mana jembatannya?"]
    corpus = read_corpus([rows("a.jsonl", *({"id": indonesian[i], "en": ENGLISH[i]} for i in range(2)))])
    assert corpus.languages == ("en", "id")
    corpus = read_corpus([rows("a.jsonl", *({"id": f"n{i}", "en": ENGLISH[i], "ja": JAPANESE[i]} for i in range(2)))])
    assert corpus.languages == ("en", "ja")
    assert "If it is Indonesian text, call it ind" in corpus.report.warnings[0]
    corpus = read_corpus([rows("a.jsonl", *({"ind": indonesian[i], "id": i, "en": ENGLISH[i]} for i in range(2)))])
    assert (corpus.languages, groups(corpus, "en")) == (("en", "id"), ["0", "1"])


def test_sentences_join_over_files_by_their_group() -> None:
    files = [
        rows(f"{code}.jsonl", *({"id": f"{n}_{code}", "lang": code, "question": text} for n, text in enumerate(lines)))
        for code, lines in {"en": ENGLISH, "zh_cn": ["面包是热的。", "桥在哪里？", "下了一夜雪。"]}.items()
    ]
    corpus = read_corpus(files)
    assert corpus.languages == ("en", "zh-Hans")
    assert groups(corpus, "en") == groups(corpus, "zh-Hans") == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"en": "a", "ja": "b"', "line 2: not a JSON object"),
        ("[1, 2]", "line 2: not a JSON object"),
        ("[" * 100_000, "line 2: not a JSON object"),
        ('{"en": "a", "ja": 3}', "line 2: the ja text is a number"),
        ('{"en": "a", "ja": ["b"]}', "line 2: the ja text is a list"),
        ('{"en": "a", "en": "b", "ja": "c"}', "line 2: not a JSON object (the field 'en' stands twice)"),
        ('{"en": "a", "jpn": "b", "ja": "c", "group": 1}', "the group 1 has a ja text already, in x.jsonl line 2"),
        ('{"en": "a", "ja": "\\ud83d"}', "half of a surrogate pair"),
        ('{"en": "a", "ja": "b\\u0000"}', "a NUL"),
        ('{"en": "a"}', "line 2: fields of two languages at least are expected, found en"),
        (json.dumps({"group": "g" * 200, "en": "a", "ja": "b"}), "1 to 120 characters"),
        ('{"group": "7", "en": "a", "ja": "b"}', "the group 7 has a en text already, in x.jsonl line 1"),
    ],
)
def test_broken_rows_are_named(line: str, reason: str) -> None:
    good = '{"group": 7, "en": "The bread.", "ja": "パン"}'
    assert reason in refused(file("x.jsonl", good, line))


def test_sentences_name_language_and_text() -> None:
    good = {"language": "ja", "text": "橋"}
    assert '"language" and "text"' in refused(rows("x.jsonl", good, {"text": "bridge"}))
    assert "line 2: 'klingon' is not a language code" in refused(
        rows("x.jsonl", good, {"lang": "klingon", "text": "a"})
    )


def test_mkqa_gives_its_questions() -> None:
    example = [
        {"query": "where is the bridge", "example_id": -(2**62) - n, "answers": {},
         "queries": {"en": f"where is bridge {n}", "ja": f"橋{n}はどこですか", "zh_cn": f"桥{n}在哪里", "no": None}}
        for n in range(2)
    ]  # fmt: skip
    corpus = read_corpus([rows("mkqa.jsonl", *example)])
    assert (corpus.format, corpus.languages) == ("mkqa", ("en", "ja", "zh-Hans"))
    assert groups(corpus, "ja") == [str(-(2**62)), str(-(2**62) - 1)]
    assert corpus.report.dropped == {"no no text": 2}
    assert "line 2: an MKQA row holds queries" in refused(rows("mkqa.jsonl", example[0], {"en": "a", "ja": "b"}))


# Every format
