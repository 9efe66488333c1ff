"""Prompts from files: tables, JSON lines, lines; what is broken is named by file and line."""

import gzip

import pytest

from app.errors import CorpusError
from app.text.prompts import LONGEST, FoundPrompt, first_of_each, read_prompts
from app.text.readers.reading import CorpusFile


def read(**files: str) -> list[tuple[str, str | None, str]]:
    """Each file's name with its dot written as two underscores."""
    given = [CorpusFile(name.replace("__", "."), text.encode()) for name, text in files.items()]
    return [(one.text, one.language, one.source) for one in read_prompts(given)]


def test_a_table_says_the_language_of_each_prompt_and_may_hold_line_ends() -> None:
    text = 'Prompt,source,language\n"Wat is\n\nleven?",a,nl\n\n„Tja“,b,ger\n'
    assert read(some__csv=text) == [("Wat is\n\nleven?", "nl", "some.csv:2"), ("„Tja“", "de", "some.csv:6")]


def test_without_a_field_the_files_name_tells_the_language() -> None:
    assert read(fr__csv="prompt,source\r\nÇa va ?,x\r\n") == [("Ça va ?", "fr", "fr.csv:2")]
    assert read(mine__txt="one\n\ntwo, three\n") == [("one", None, "mine.txt:1"), ("two, three", None, "mine.txt:3")]
    assert read(jpn__txt="猫\n") == [("猫", "ja", "jpn.txt:1")]
    tabs = "text\tlang\n“a”, b\tpt-BR\n"
    assert read(x__tsv=tabs) == [("“a”, b", "pt-BR", "x.tsv:2")]


def test_json_lines_and_archives() -> None:
    rows = '{"prompt": "안녕", "language": "ko"}\n\n{"question": "Hi", "target": "en"}\n{"text": "?"}\n'
    found = [("안녕", "ko", "x.jsonl:1"), ("Hi", "en", "x.jsonl:3"), ("?", None, "x.jsonl:4")]
    assert read(x__jsonl=rows) == found
    packed = CorpusFile("x.jsonl.gz", gzip.compress(rows.encode()))
    assert [(one.text, one.language, one.source) for one in read_prompts([packed])] == found


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.csv", "question text,language\nx,en\n", "a.csv line 1: the header needs the columns prompt; it has"),
        ("a.csv", "", "a.csv line 1: the header needs the columns prompt; it has none"),
        ("a.csv", "prompt,language\nx,en\ny\n", "a.csv line 3: 2 cells are expected, as the header has, not 1"),
        ("a.csv", 'prompt,language\n"x\ny",en\nz,klingonese\n', "a.csv line 4: “klingonese” is no language we know"),
        ("a.csv", 'prompt,language\nx,en\n"y,en\nz,en\n', "a.csv line 3: this row cannot be read"),
        ("a.csv", "prompt,language\n  ,en\n", "a.csv line 2: there is no prompt"),
        ("a.csv", f"prompt\nx\n{'y' * (LONGEST + 1)}\n", "a.csv line 3: the prompt has 20,001 characters"),
        ("a.jsonl", '{"prompt": "x"}\n{"prompt": 5}\n', "a.jsonl line 2: there is no prompt"),
        ("a.jsonl", '{"prompt": "x", "language": 3}\n', "a.jsonl line 1: “3” is no language we know"),
        ("a.jsonl", "x\n", "a.jsonl line 1: not a JSON object"),
        ("a.jsonl", '{"prompt": "\\ud800"}\n', "a.jsonl line 1: the prompt holds a NUL or half of a surrogate pair"),
        ("a.txt", "\n \n", "There is no prompt in a.txt."),
        ("a.exe", "x", "files end in .csv"),
    ],
)
def test_what_is_broken_is_named_by_file_and_line(name: str, text: str, sentence: str) -> None:
    with pytest.raises(CorpusError) as error:
        read_prompts([CorpusFile(name, text.encode())])
    assert sentence in str(error.value)


def test_broken_bytes_are_named_too() -> None:
    with pytest.raises(CorpusError, match=r"a\.txt line 2: invalid UTF-8: 0xFF at byte 1"):
        read_prompts([CorpusFile("a.txt", b"x\ny\xff\n")])


def test_the_first_of_each_language() -> None:
    prompts = [FoundPrompt(str(number), "en" if number % 3 else "nl", "") for number in range(9)]
    assert [one.text for one in first_of_each(prompts, 2)] == ["0", "1", "2", "3"]
