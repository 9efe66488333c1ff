"""What readers share: the rows they collect, the faults they find, and the limits they keep."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from app.errors import BadInput, CorpusError
from app.text.languages import canonical
from app.text.normalise import is_blank, normalise

SHOWN = 20  # faults, examples of a kind and lines that a message or report lists


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """One uploaded file: its name, which says its language, and its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """What a corpus may cost; a file beyond one of them is refused before it is unpacked whole."""

    total_bytes: int = 512 * 1024 * 1024  # unpacked, all files together
    files: int = 1000
    line_bytes: int = 1_000_000
    long_characters: int = 10_000  # longer lines are flagged, not refused
    group_characters: int = 120
    name_characters: int = 100


class Row(NamedTuple):
    """One sentence as read: `group` joins translations of one another, None where nothing is known."""

    language: str
    group: str | None
    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Example:
    """A place in a file and what was noticed there, in which language where a line holds several."""

    file: str
    line: int
    reason: str
    language: str | None = None


@dataclass(slots=True)
class Reading:
    """What a reader fills while it goes through the files."""

    limits: Limits
    languages: list[str] = field(default_factory=list)
    pivot: str | None = None
    rows: list[Row] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)  # by reason
    examples: list[Example] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    faults: list[Example] = field(default_factory=list)

    def clean(self, text: str) -> str:
        """Return the text in normal form, empty if nothing of it would be seen."""
        return "" if is_blank(text) else normalise(text)

    def drop(self, file: str, line: int, reason: str) -> None:
        """Note a line that is left out."""
        self.dropped[reason] += 1
        if self.dropped[reason] <= SHOWN:
            self.examples.append(Example(file, line, reason))

    def fault(self, file: str, line: int, reason: str) -> None:
        """Note a broken line; after SHOWN of them the files are refused at once."""
        self.faults.append(Example(file, line, reason))
        if len(self.faults) == SHOWN:
            self.refuse_faults()

    def refuse_faults(self) -> None:
        """Raise CorpusError if a line was broken: the first in full, the places of the others."""
        if not self.faults:
            return
        first, *others = self.faults
        message = f"{first.file} line {first.line}: {first.reason}"
        if others:
            places = ", ".join(f"{fault.file} line {fault.line}" for fault in others)
            more = "at least " if len(self.faults) >= SHOWN else ""
            message += f" (Broken as well, {more}{len(others)} in number: {places}.)"
        raise CorpusError(message)


def language_of(name: str, code: str) -> str:
    """Return the language that a part of a file's name stands for. Raises CorpusError naming the file."""
    try:
        return canonical(code)
    except BadInput as unknown:
        raise CorpusError(
            f"{name}: {unknown} Name the file after its language, or take it out of the upload."
        ) from None


def stem(name: str) -> str:
    """Return a file's name without folders and suffix: corpus/ja.txt -> ja."""
    return name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
