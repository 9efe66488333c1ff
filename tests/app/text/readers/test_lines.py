import codecs

import pytest

from app.errors import CorpusError
from app.text.readers.lines import lines_of
from app.text.readers.reading import CorpusFile, Limits, Reading


def lines(data: bytes, limits: Limits | None = None) -> list[str]:
    reading = Reading(limits or Limits())
    found = lines_of(CorpusFile("th.txt", data), reading)
    reading.refuse_faults()
    return found


def refused(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(CorpusError) as error:
        lines(data, limits)
    return str(error.value)


def test_only_a_line_feed_ends_a_line() -> None:
    assert lines("ฝนตก\u2028หนัก\x0b\n\x85ok\x0c\n".encode()) == ["ฝนตก\u2028หนัก\x0b", "\x85ok\x0c"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system(end: str) -> None:
    assert lines(end.join(["สวัสดี", "", "ลาก่อน"]).encode()) == ["สวัสดี", "", "ลาก่อน"]
    assert lines(f"สวัสดี{end}".encode()) == ["สวัสดี"]


def test_an_empty_file_has_no_line() -> None:
    assert lines(b"") == []
    assert lines(b"\n") == [""]


def test_a_byte_order_mark_is_no_text() -> None:
    assert lines(codecs.BOM_UTF8 + "ฝน\n".encode()) == ["ฝน"]
    assert refused("ฝน".encode("utf-16")) == "th.txt is UTF-16. Save it as UTF-8 and upload it again."


def test_invalid_bytes_are_named_with_their_place() -> None:
    assert refused("ฝน\n".encode() + b"ok \xe3\x81 no\n") == (
        "th.txt line 2: invalid UTF-8: 0xE3 at byte 3 of the line. Save it as UTF-8."
    )


def test_a_nul_byte_is_named() -> None:
    assert refused(b"one\ntw\0o\n") == "th.txt line 2: a NUL byte at byte 2 of the line. Save the file as UTF-8 text."


def test_a_line_too_long_is_refused() -> None:
    assert (
        refused(b"short\n" + b"a" * 11, Limits(line_bytes=10)) == "th.txt line 2: 11 bytes in one line; 10 are allowed."
    )
