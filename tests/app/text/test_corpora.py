import json
from pathlib import Path

import pytest

from app.errors import BadInput
from app.text.corpora import CorpusFile, Limits, read_corpus
from tests.support.corpora import (
    ENGLISH,
    JAPANESE,
    RUSSIAN,
    THREE,
    file,
    groups,
    pairs,
    refused,
    rows,
    texts,
)

# Pair files


def test_pair_files_have_the_pivot_once_a_file() -> None:
    corpus = read_corpus([pairs("rus-eng.tsv", ENGLISH, RUSSIAN), pairs("jpn-eng.tsv", ENGLISH, JAPANESE)])
    assert (corpus.format, corpus.pivot, corpus.languages) == ("pairs", "en", ("en", "ja", "ru"))
    assert texts(corpus, "ja") == JAPANESE
    assert groups(corpus, "ja") == ["jpn-eng:1", "jpn-eng:2", "jpn-eng:3"]
    assert groups(corpus, "en") == groups(corpus, "ja") + groups(corpus, "ru")
    assert corpus.report.sentences == {"en": 6, "ja": 3, "ru": 3}
    assert (corpus.report.groups, corpus.report.complete_groups) == (6, 0)
    assert corpus.report.duplicates == {"en": 3}


@pytest.mark.parametrize(
    ("name", "language", "pivot"),
    [("pt-BR-en.tsv", "pt-BR", "en"), ("zh_cn-en.tsv", "zh-Hans", "en"), ("zh-Hans-en.tsv", "zh-Hans", "en"),
     ("en-ja.tsv", "en", "ja"), ("folder/fra-deu.tsv", "fr", "de"), ("ja-pt_BR.tsv", "ja", "pt-BR")],
)  # fmt: skip
def test_the_name_of_a_pair_file_says_both_languages(name: str, language: str, pivot: str) -> None:
    corpus = read_corpus([file(name, "1 a\t2 a", "1 b\t2 b")])
    assert corpus.languages == (pivot, language)
    assert texts(corpus, pivot) == ["1 a", "1 b"]


def test_a_ragged_line_is_named() -> None:
    broken = file("jpn-eng.tsv", f"{ENGLISH[0]}\t{JAPANESE[0]}", "a\tb\tc", "no tab", f"{ENGLISH[1]}\t{JAPANESE[1]}")
    message = refused(broken)
    assert message.startswith("jpn-eng.tsv line 2: expected 2 columns separated by a tab, found 3. ")
    assert "the en sentence, a tab and the ja sentence" in message
    assert "(Broken as well, 1 in number: jpn-eng.tsv line 3.)" in message


def test_many_broken_lines_end_the_reading() -> None:
    message = refused(file("jpn-eng.tsv", *["no tab"] * 500))
    assert "at least 19 in number" in message
    assert "line 20" in message
    assert "line 21" not in message


def test_empty_lines_and_sides_of_pairs_are_dropped_and_reported() -> None:
    corpus = read_corpus(
        [
            file(
                "jpn-eng.tsv",
                "",
                f"{ENGLISH[0]}\t{JAPANESE[0]}",
                "Alone\t \u200b",
                "\t橋",
                f"{ENGLISH[1]}\t{JAPANESE[1]}",
            )
        ]
    )
    assert texts(corpus, "ja") == JAPANESE[:2]
    assert groups(corpus, "ja") == ["jpn-eng:2", "jpn-eng:5"]
    assert corpus.report.dropped == {"empty line": 1, "nothing on the ja side": 1, "nothing on the en side": 1}
    assert [(example.line, example.reason) for example in corpus.report.examples] == [
        (1, "empty line"),
        (3, "nothing on the ja side"),
        (4, "nothing on the en side"),
    ]


def test_pair_files_must_agree_on_the_pivot() -> None:
    both = pairs("ja-en.tsv", ENGLISH, JAPANESE), pairs("ru-de.tsv", ENGLISH, RUSSIAN)
    assert "different pivots (de, en)" in refused(*both)
    assert "does not hold two languages we know with pivot de" in refused(both[0], pivot="deu", format="pairs")


def test_a_language_comes_once() -> None:
    message = refused(pairs("ja-en.tsv", ENGLISH, JAPANESE), pairs("jpn-eng.tsv", ENGLISH, JAPANESE))
    assert message == "ja-en.tsv and jpn-eng.tsv are both ja. Join them into one file."
    assert refused(file("ja.txt", *JAPANESE), file("jpn.txt", *JAPANESE)) == (
        "ja.txt and jpn.txt are both ja. Join them into one file."
    )


def test_swapped_columns_are_suspected() -> None:
    corpus = read_corpus([pairs("jpn-eng.tsv", JAPANESE, ENGLISH)])
    assert len(corpus.report.warnings) == 2
    assert "3 of 3 sentences are in a script that English (en) does not use" in corpus.report.warnings[0]
    assert "columns swapped" in corpus.report.warnings[0]


def test_a_pair_name_without_languages_is_refused() -> None:
    assert "does not hold two languages we know" in refused(pairs("train-set.tsv", ENGLISH, JAPANESE))


def test_a_pair_name_of_two_meanings_is_refused_unless_the_pivot_is_said() -> None:
    portuguese = pairs("ja-pt-BR.tsv", ["O pão está quente.", "Onde fica a ponte?"], JAPANESE[:2])
    message = refused(portuguese)
    assert "ja with pivot pt-BR or ja-PT with pivot br" in message
    assert "Write regions with _" in message
    assert read_corpus([portuguese], pivot="pt-BR").languages == ("pt-BR", "ja")


# One file a language


def test_aligned_files_share_line_numbers() -> None:
    corpus = read_corpus(THREE)
    assert (corpus.format, corpus.pivot, corpus.languages) == ("nway", None, ("en", "ja", "ru"))
    assert groups(corpus, "ja") == groups(corpus, "en") == ["1", "2", "3"]
    assert (corpus.report.groups, corpus.report.complete_groups) == (3, 3)
    sentence = corpus.sentences[-1]
    assert (sentence.file, sentence.line, sentence.text) == ("rus.txt", 3, RUSSIAN[2])
    assert read_corpus(THREE, pivot="jpn").languages == ("ja", "en", "ru")


def test_unequal_files_are_refused_with_their_counts() -> None:
    message = refused(file("ja.txt", *JAPANESE), file("en.txt", *ENGLISH[:2]))
    assert "different numbers of lines (en.txt 2, ja.txt 3)" in message
    assert "format plain" in message


def test_blank_lines_at_the_end_do_not_count() -> None:
    corpus = read_corpus([file("ja.txt", *JAPANESE, "", " "), file("en.txt", *ENGLISH)])
    assert corpus.report.sentences == {"en": 3, "ja": 3}


def test_a_line_empty_in_one_language_is_left_out_in_all() -> None:
    corpus = read_corpus(
        [file("ja.txt", JAPANESE[0], " ", JAPANESE[2]), file("en.txt", *ENGLISH), file("ru.txt", *RUSSIAN)]
    )
    assert texts(corpus, "ru") == [RUSSIAN[0], RUSSIAN[2]]
    assert groups(corpus, "en") == groups(corpus, "ja") == ["1", "3"]
    assert corpus.report.dropped == {"empty line; left out in every language": 1}
    assert (corpus.report.examples[0].file, corpus.report.examples[0].line) == ("ja.txt", 2)


def test_group_names_come_from_sent_id() -> None:
    corpus = read_corpus([*THREE, file("sent_id.txt", "n01", "n02", "w01")])
    assert groups(corpus, "ja") == ["n01", "n02", "w01"]
    assert "'n01' stands on line 1 already" in refused(*THREE, file("sent_id.txt", "n01", "n01", "w01"))


def test_tabs_in_aligned_files_are_suspicious() -> None:
    corpus = read_corpus([file("ja.tsv", *(f"{line}\tx" for line in JAPANESE)), file("en.tsv", *ENGLISH)])
    assert "ja.tsv: 3 lines hold a tab" in corpus.report.warnings[0]


def test_plain_files_have_no_groups_and_any_length() -> None:
    corpus = read_corpus([file("ja.txt", *JAPANESE), file("en.txt", "", *ENGLISH[:2])], "plain")
    assert groups(corpus, "ja") == [None] * 3
    assert corpus.report.sentences == {"en": 2, "ja": 3}
    assert corpus.report.dropped == {"empty line": 1}
    assert corpus.report.groups == 0
    assert read_corpus([*THREE, file("sent_id.txt", "n01")], "plain").languages == ("en", "ja", "ru")


def test_a_name_that_is_one_language_or_a_pair_is_told_by_its_tabs() -> None:
    brazilian, breton = ["O pão está quente.", "Onde fica a ponte?"], ["Tomm eo ar bara.", "Pelec'h emañ ar pont?"]
    assert read_corpus([pairs("pt-br.tsv", breton, brazilian)]).languages == ("br", "pt")
    assert read_corpus([file("pt-br.tsv", *brazilian), file("en.txt", *ENGLISH[:2])]).languages == ("en", "pt-BR")


def test_mixed_formats_are_refused_saying_what_each_is() -> None:
    message = refused(file("ja.txt", *JAPANESE), pairs("ru-en.tsv", ENGLISH, RUSSIAN))
    assert "ja.txt is nway; ru-en.tsv is pairs" in message


def test_a_name_that_is_no_language_is_refused() -> None:
    assert "notes.txt: the name says no language we know" in refused(*THREE, file("notes.txt", "a"))
    assert "'notes' is not a language code" in refused(*THREE, file("notes.txt", "a"), format="plain")


# JSON lines


def test_too_few_sentences_are_refused() -> None:
    assert "only 1 sentence in Japanese (ja); at least 2 are needed" in refused(
        file("ja.txt", JAPANESE[0]), file("en.txt", ENGLISH[0]), pivot="ja"
    )
    assert "no sentence in Japanese (ja)" in refused(file("ja.txt"), file("en.txt", *ENGLISH), format="plain")
    assert "no sentence in English (en)" in refused(file("ja-en.tsv"))
    assert "one language, ja; at least 2 languages" in refused(file("ja.txt", *JAPANESE))
    assert "no sentence; at least 2 languages" in refused(file("a.jsonl"))


def test_the_pivot_must_be_there() -> None:
    assert "The pivot de is not in the corpus, which has en, ja, ru" in refused(*THREE, pivot="de")
    with pytest.raises(BadInput, match="'deutsch' is not a language code"):
        read_corpus(THREE, pivot="deutsch")
    with pytest.raises(BadInput, match="no corpus format 'xml'"):
        read_corpus(THREE, "xml")  # type: ignore[arg-type]


def test_sentences_are_flagged_and_kept() -> None:
    corpus = read_corpus(
        [
            file(
                "ja.txt", "パンが温か\u3099い。", "hashi wa doko desu ka", "パンが温か\u3099い。", "雪\u202e", "雪" * 26
            ),
            file("en.txt", *ENGLISH, "Four.", "Five."),
        ],
        limits=Limits(long_characters=25),
    )
    flags = [sorted(sentence.flags) for sentence in corpus.sentences if sentence.language == "ja"]
    assert flags == [[], ["wrong_script"], ["duplicate"], ["hidden_characters"], ["long"]]
    assert corpus.report.duplicates == {"ja": 1}
    assert corpus.report.flagged["wrong_script"] == 1
    example = next(example for example in corpus.report.examples if example.reason == "wrong_script")
    assert (example.file, example.line, example.language) == ("ja.txt", 2, "ja")


def test_texts_are_normalised() -> None:
    corpus = read_corpus(
        [CorpusFile("fr.txt", "\ufeffCafe\u0301 \r\nbonne nuit\r\n".encode()), file("en.txt", *ENGLISH[:2])]
    )
    assert texts(corpus, "fr") == ["Café", "bonne nuit"]


def test_equal_content_has_an_equal_hash() -> None:
    first = read_corpus(THREE).report.content_hash
    renamed = [file("jpn.txt", *JAPANESE), file("en.txt", *ENGLISH, end="\r\n"), file("ru.txt", *RUSSIAN)]
    as_rows = [
        rows("a.jsonl", *({"en": e, "ja": j, "ru": r} for e, j, r in zip(ENGLISH, JAPANESE, RUSSIAN, strict=True)))
    ]
    assert read_corpus(renamed, pivot="ru").report.content_hash == first
    assert read_corpus(as_rows).report.content_hash == first
    assert read_corpus(THREE, "plain").report.content_hash != first
    shifted = [*THREE[:2], file("rus.txt", RUSSIAN[1], RUSSIAN[0], RUSSIAN[2])]
    assert read_corpus(shifted).report.content_hash != first


def test_the_report_is_json(tmp_path: Path) -> None:
    for made in THREE:
        (tmp_path / made.name).write_bytes(made.data)
    report = read_corpus(tmp_path).report
    assert json.loads(json.dumps(report.as_json()))["sentences"] == {"en": 3, "ja": 3, "ru": 3}
