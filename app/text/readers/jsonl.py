"""JSON lines: rows of translations `{"en": ..., "ja": ...}`, sentences `{"language": "ja", "text": ...}`, or MKQA."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from app.errors import BadInput
from app.text.languages import canonical
from app.text.readers.lines import lines_of
from app.text.readers.reading import CorpusFile, Reading, Row

Fields = dict[str, object]
LANGUAGE = ("language", "lang")
TEXT = ("text", "sentence", "question")
GROUP = ("group", "id", "example_id")


def rows_of(file: CorpusFile, reading: Reading) -> Iterator[tuple[int, Fields]]:
    """Yield (line number, object) of every line that is not empty; broken lines are noted in the reading."""
    for number, line in enumerate(lines_of(file, reading), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=_without_twins)
        except (ValueError, RecursionError) as broken:
            reading.fault(file.name, number, f"not a JSON object ({broken}). Write one object on each line.")
            continue
        if isinstance(row, dict):
            yield number, row
        else:
            reading.fault(file.name, number, "not a JSON object. Write one object in braces on each line.")


def read_jsonl(files: Sequence[CorpusFile], reading: Reading) -> None:
    """Read rows of translations or single sentences; each file may hold either, decided by its first row."""
    book = _Book(reading)
    for file in files:
        rows = list(rows_of(file, reading))
        read: Callable[[_Book, str, list[tuple[int, Fields]]], None] = _read_translations
        if rows and _first(rows[0][1], LANGUAGE) is not None:
            read = _read_sentences
        read(book, file.name, rows)
    reading.languages = sorted({row.language for row in reading.rows})


def read_mkqa(files: Sequence[CorpusFile], reading: Reading) -> None:
    """Read the questions of MKQA's own format: `queries` by language, grouped by `example_id`."""
    book = _Book(reading)
    for file in files:
        for number, row in rows_of(file, reading):
            queries, group = row.get("queries"), row.get("example_id")
            if not isinstance(queries, dict) or not isinstance(group, int | str):
                reading.fault(file.name, number, "an MKQA row holds queries (texts by language) and an example_id.")
                continue
            for code, text in queries.items():
                book.add(file.name, number, code, str(group), text)
    reading.languages = sorted({row.language for row in reading.rows})


class _Book:
    """Enters sentences into a reading, and sees that a group holds each language once."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.places: dict[tuple[str, str], tuple[str, int]] = {}

    def add(self, file: str, number: int, code: str, group: str | None, text: object) -> None:
        reading = self.reading
        language = language_or_none(code)
        if language is None:
            reading.fault(file, number, f"{code!r} is not a language code we know, such as ja, jpn or pt-BR.")
        elif text is None:
            reading.drop(file, number, f"no {language} text")
        elif not isinstance(text, str):
            reading.fault(file, number, f"the {code} text is {_kind(text)}. Put it in quotation marks.")
        elif fault := self._fault(language, group, text):
            reading.fault(file, number, fault)
        else:
            if group is not None:
                self.places[language, group] = (file, number)
            if clean := reading.clean(text):
                reading.rows.append(Row(language, group, file, number, clean))
            else:
                reading.drop(file, number, f"empty {language} text")

    def _fault(self, language: str, group: str | None, text: str) -> str | None:
        if "\0" in text or not _is_unicode(text):
            return f"the {language} text holds a NUL or half of a surrogate pair. Take it out."
        if group is None:
            return None
        longest = self.reading.limits.group_characters
        if not 0 < len(group) <= longest or "\0" in group or not _is_unicode(group):
            return f"the name of a group has 1 to {longest} characters, none of them NUL."
        if (language, group) in self.places:
            file, number = self.places[language, group]
            return f"the group {group} has a {language} text already, in {file} line {number}."
        return None


def _read_sentences(book: _Book, file: str, rows: list[tuple[int, Fields]]) -> None:
    for number, row in rows:
        code, text, group = (_first(row, names) for names in (LANGUAGE, TEXT, GROUP))
        if not isinstance(code, str) or text is None:
            book.reading.fault(file, number, 'a sentence has two fields at least: "language" and "text".')
            continue
        if isinstance(group, str):  # MIA writes the language behind the id: 12_zh_cn
            group = group.removesuffix(f"_{code}")
        book.add(file, number, code, None if group is None else str(group), text)


def _read_translations(book: _Book, file: str, rows: list[tuple[int, Fields]]) -> None:
    id_is_text = _id_is_indonesian(rows)
    ignored: set[str] = set()
    for number, row in rows:
        names = [name for name in row if name not in GROUP or (name == "id" and id_is_text)]
        codes = [name for name in names if language_or_none(name) is not None]
        ignored.update(name for name in names if name not in codes)
        if len(codes) < 2:
            found = ", ".join(row) or "none"
            book.reading.fault(file, number, f"fields of two languages at least are expected, found {found}.")
            continue
        group = _first({name: value for name, value in row.items() if name not in codes}, GROUP)
        for code in codes:
            book.add(file, number, code, f"{file}:{number}" if group is None else str(group), row[code])
    if ignored:
        book.reading.warnings.append(f"{file}: fields that are no language were ignored: {', '.join(sorted(ignored))}.")
    if not id_is_text and any("id" in row for _, row in rows):
        book.reading.warnings.append(f"{file}: the field id names the rows. If it is Indonesian text, call it ind.")


def _id_is_indonesian(rows: list[tuple[int, Fields]]) -> bool:
    """`id` is both the usual name of an identifier and the code of Indonesian: it is text if it has spaces."""
    values = [row["id"] for _, row in rows[:100] if "id" in row]
    return sum(isinstance(value, str) and " " in value.strip() for value in values) * 2 > len(values)


def _first(row: Fields, names: Sequence[str]) -> object:
    return next((row[name] for name in names if row.get(name) is not None), None)


@lru_cache(maxsize=4096)
def language_or_none(code: str) -> str | None:
    """Return the language of a field's name, or None if it names none."""
    try:
        return canonical(code)
    except BadInput:
        return None


def _without_twins(pairs: list[tuple[str, object]]) -> Fields:
    row = dict(pairs)
    if len(row) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the field {next(name for name in names if names.count(name) > 1)!r} stands twice")
    return row


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kind(value: object) -> str:
    return {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}[type(value)]
