"""Question sets are read from MKQA's own files, JSON lines, CSV and two columns; faults name file and line."""

import gzip
import json
from pathlib import Path

import pytest

from app.contracts.questions import ReadQuestions
from app.errors import BadInput, CorpusError
from app.text.questions import FORMATS, read_questions
from app.text.readers.reading import CorpusFile

MKQA = {
    "query": "who built the z1",
    "example_id": -563260143484355911,
    "queries": {"en": "who built the z1", "zh_cn": "谁造了Z1", "ja": "Z1を作ったのは誰"},
    "answers": {
        "en": [{"type": "entity", "text": "Konrad Zuse", "aliases": ["Zuse"]}, {"type": "entity", "text": "K. Zuse"}],
        "zh_cn": [{"type": "entity", "text": "康拉德·楚泽", "aliases": []}],
        "ja": [{"type": "unanswerable", "text": None, "aliases": []}],
    },
}


def read(name: str, content: str | bytes, format: str = "auto") -> ReadQuestions:
    data = content.encode() if isinstance(content, str) else content
    return read_questions([CorpusFile(name, data)], format)


def test_mkqa_keeps_every_answer_and_alias() -> None:
    found = read("mkqa.jsonl.gz", gzip.compress(json.dumps(MKQA).encode()))
    assert (found.format, found.languages) == ("mkqa", ("en", "ja", "zh-Hans"))
    english, japanese, chinese = found.questions
    assert english.answers == ("Konrad Zuse", "Zuse", "K. Zuse")
    assert {one.key for one in found.questions} == {"-563260143484355911"}
    assert (japanese.answers, japanese.kind) == (("",), "unanswerable"), "no answer is the right one"
    assert chinese.text == "谁造了Z1"
    assert english.source == "mkqa.jsonl:1"


def test_json_lines_take_the_language_from_field_or_name() -> None:
    found = read(
        "ja.jsonl", '{"id": "capital:italy", "question": "イタリアの首都は?", "answer": "ローマ", "kind": "c"}'
    )
    assert found.questions[0].model_dump(exclude={"source"}) == {
        "language": "ja", "key": "capital:italy", "text": "イタリアの首都は?", "answers": ("ローマ",), "choices": (),
        "kind": "c",
    }  # fmt: skip
    mia = '{"id": "-47_zh_cn", "lang": "zh_cn", "question": "q", "answers": ["a", "b", "a"]}'
    assert read("mkqa-zh_cn.jsonl", mia).questions[0].key == "-47"
    assert read("any.jsonl", mia).questions[0].answers == ("a", "b")


def test_mgsm_is_two_columns() -> None:
    found = read("mgsm_ja.tsv", "ジャネットの卵は？\t18\nローブは？\t3\n")
    assert [(one.key, one.answers, one.language) for one in found.questions] == [
        ("1", ("18",), "ja"),
        ("2", ("3",), "ja"),
    ]


@pytest.mark.parametrize("answer", ['"Rome"', "1", '"B"', '"b"'])
def test_the_right_choice_is_named_by_text_number_or_letter(answer: str) -> None:
    row = f'{{"question": "Capital of Italy?", "language": "en", "choices": ["Oslo", "Rome"], "answer": {answer}}}'
    found = read("x.jsonl", row)
    assert (found.questions[0].answers, found.report.with_choices) == (("Rome",), 1)


def test_csv_holds_several_answers_in_a_cell_and_lines_in_a_field() -> None:
    found = read("x.csv", 'question,answers,language\n"two\nlines?",a|b,en\nthree?,c,de\n')
    assert [(one.language, one.answers, one.source) for one in found.questions] == [
        ("de", ("c",), "x.csv:4"),
        ("en", ("a", "b"), "x.csv:2"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("en.jsonl", '{"question": "q", "answer": "a"}\n{"question": "q"', "en.jsonl line 2: not a JSON object"),
        ("en.jsonl", '{"question": 3, "answer": "a"}', "en.jsonl line 1: a question is a text"),
        ("en.jsonl", '{"question": "q", "answer": {"a": 1}}', "en.jsonl line 1: answers and choices are texts"),
        ("xx.jsonl", '{"question": "q", "answer": "a"}', "xx.jsonl line 1: “xx” is no language we know"),
        ("en.jsonl", '{"question": "q", "answer": "c", "choices": ["a", "b"]}', "“c” is not one of the choices"),
        ("en.jsonl", '{"question": "q", "answer": "a", "choices": ["a", "a"]}', "2 to 26 different texts"),
        (
            "en.jsonl",
            '{"id": 1, "question": "q", "answer": "a"}\n' * 2,
            "line 2: the question 1 is there in en already",
        ),
        ("mgsm_ja.tsv", "a\tb\tc", "mgsm_ja.tsv line 1: a question, a tab and its answer are expected, not 3 cells"),
        ("x.csv", "a,b\n1,2\n", "x.csv line 1: the header needs the columns question and answers"),
        ("x.csv", "question,answer,language\nq,a,en\nq,a\n", "x.csv line 3: 3 cells are expected"),
        ("x.csv", 'question,answer\n"never closed,' + "b" * 200_000, "x.csv line 2: this row cannot be read"),
        ("en.jsonl", '{"question": "q"}', "no question with an answer"),
        ("notes.md", "x", "There is no corpus file here"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_line(name: str, content: str, sentence: str) -> None:
    with pytest.raises(CorpusError) as error:
        read(name, content)
    assert sentence in str(error.value)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(BadInput, match="choose one of auto, mkqa"):
        read("en.jsonl", "{}", "parquet")


def test_questions_without_text_or_answer_are_left_out_and_counted() -> None:
    rows = ('{"question": " ", "answer": "a"}', '{"question": "q"}', '{"question": "q", "answer": "a"}')
    report = read("en.jsonl", "\n".join(rows)).report
    assert report.dropped == {"empty question": 1, "no answer": 1}
    assert [(one.line, one.reason) for one in report.examples] == [(1, "empty question"), (2, "no answer")]


def test_the_demo_s_own_questions_are_read() -> None:
    found = read_questions(Path(__file__).parents[3] / "demo" / "questions")
    assert set(found.report.questions.values()) == {330}
    assert len(found.languages) == 5
    assert set(FORMATS) >= set(found.format.split(" and "))
