"""From bytes to numbered lines of UTF-8, with every fault named by file, line and byte."""

import codecs

from app.errors import CorpusError
from app.text.readers.reading import CorpusFile, Reading

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def lines_of(file: CorpusFile, reading: Reading) -> list[str]:
    """Return the lines of a file without line ends; line i is at index i - 1.

    Only a line feed ends a line: U+2028, form feed and the like are part of the text. Broken lines are noted in the
    reading and come back empty. Raises CorpusError for a file that is not UTF-8 at all.
    """
    data = file.data.removeprefix(codecs.BOM_UTF8)
    if data.startswith(_UTF16):
        raise CorpusError(f"{file.name} is UTF-16. Save it as UTF-8 and upload it again.")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n") if b"\n" in data else data.replace(b"\r", b"\n")
    raw = data.removesuffix(b"\n").split(b"\n") if data else []
    return [_line(file.name, number, line, reading) for number, line in enumerate(raw, start=1)]


def _line(name: str, number: int, line: bytes, reading: Reading) -> str:
    if len(line) > reading.limits.line_bytes:
        reading.fault(name, number, f"{len(line):,} bytes in one line; {reading.limits.line_bytes:,} are allowed.")
        return ""
    if b"\0" in line:
        at = line.index(b"\0")
        reading.fault(name, number, f"a NUL byte at byte {at} of the line. Save the file as UTF-8 text.")
        return ""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as broken:
        byte = f"0x{line[broken.start]:02X}"
        reading.fault(name, number, f"invalid UTF-8: {byte} at byte {broken.start} of the line. Save it as UTF-8.")
        return ""
