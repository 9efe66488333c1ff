"""Prompts from files: tables with a header, JSON lines, or a prompt a line; faults named by file and line."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.errors import CorpusError
from app.text.readers.files import open_files
from app.text.readers.jsonl import language_or_none, rows_of
from app.text.readers.lines import lines_of
from app.text.readers.reading import CorpusFile, Limits, Reading, stem
from app.text.readers.tables import table_rows

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".txt")
TEXT, LANGUAGE = ("prompt", "text", "question", "sentence"), ("language", "lang", "target")
LONGEST = 20_000  # characters of a prompt


@dataclass(frozen=True, slots=True)
class FoundPrompt:
    """A prompt, the language its answer should be in (None: nothing is said of it), and its place, as file:line."""

    text: str
    language: str | None
    source: str


def read_prompts(files: Sequence[CorpusFile]) -> tuple[FoundPrompt, ...]:
    """Prompts of all files, in their order.

    The language is what a field `language` says, else the file's name if that is one, as fr.csv. Raises CorpusError
    naming file and line of whatever is broken, TooLarge for archives that unpack to too much.
    """
    reading = Reading(Limits())
    opened, _ = open_files(files, reading.limits, SUFFIXES)
    found: list[FoundPrompt] = []
    for file in opened:
        for number, text, code in _rows(file, reading):
            prompt = _checked(file, number, text, code, reading)
            if prompt is not None:
                found.append(prompt)
    reading.refuse_faults()
    if not found:
        raise CorpusError(f"There is no prompt in {', '.join(file.name for file in opened)}.")
    return tuple(found)


def first_of_each(prompts: Sequence[FoundPrompt], most: int) -> tuple[FoundPrompt, ...]:
    """At most so many of each language, the first ones."""
    seen: Counter[str | None] = Counter()
    kept = []
    for prompt in prompts:
        seen[prompt.language] += 1
        if seen[prompt.language] <= most:
            kept.append(prompt)
    return tuple(kept)


def _rows(file: CorpusFile, reading: Reading) -> Iterator[tuple[int, object, object]]:
    """Line, text and language of every prompt, as they stand in the file."""
    if file.name.endswith(".txt"):
        for number, line in enumerate(lines_of(file, reading), start=1):
            if line.strip():
                yield number, line, None
        return
    rows: Iterator[tuple[int, Mapping[str, object]]] = rows_of(file, reading)
    if file.name.endswith((".csv", ".tsv")):
        rows = table_rows(file, reading, (TEXT,), "\t" if file.name.endswith(".tsv") else ",")
    for number, row in rows:
        yield number, _first(row, TEXT), _first(row, LANGUAGE)


def _checked(file: CorpusFile, number: int, text: object, code: object, reading: Reading) -> FoundPrompt | None:
    said = code is not None
    language = language_or_none(code) if isinstance(code, str) else None if said else language_or_none(stem(file.name))
    clean = text.strip() if isinstance(text, str) else ""
    if said and language is None:
        reading.fault(file.name, number, f"“{str(code)[:40]}” is no language we know, such as ja, jpn or pt-BR.")
    elif not clean:
        reading.fault(file.name, number, f"there is no prompt: a text in a field {' or '.join(TEXT[:2])} is expected.")
    elif len(clean) > LONGEST:
        reading.fault(file.name, number, f"the prompt has {len(clean):,} characters; {LONGEST:,} are allowed.")
    elif "\0" in clean or any("\ud800" <= one <= "\udfff" for one in clean):
        reading.fault(file.name, number, "the prompt holds a NUL or half of a surrogate pair. Take it out.")
    else:
        return FoundPrompt(clean, language, f"{file.name}:{number}")
    return None


def _first(row: Mapping[str, object], names: Sequence[str]) -> object:
    return next((row[name] for name in names if row.get(name) is not None), None)
