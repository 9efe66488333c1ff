"""Pair files: `jpn-eng.tsv` holds a sentence of the pivot, a tab and its translation on every line."""

from collections.abc import Sequence
from itertools import pairwise

from app.errors import BadInput, CorpusError
from app.text.languages import canonical
from app.text.readers.lines import lines_of
from app.text.readers.reading import CorpusFile, Reading, Row, stem


def read_pairs(files: Sequence[CorpusFile], pivot: str | None, reading: Reading) -> None:
    """Read one pair file a language. Sentences of the pivot in different files are groups of their own.

    Raises CorpusError for names that do not say two languages, for two pivots, and for a language given twice.
    """
    named = sorted(((*pair_of(file.name, pivot), file) for file in files), key=lambda entry: entry[:2])
    pivots = sorted({second for _, second, _ in named})
    if len(pivots) > 1:
        raise CorpusError(f"The files have different pivots ({', '.join(pivots)}): all names must end in the same one.")
    reading.pivot = pivots[0]
    reading.languages = [reading.pivot, *(first for first, _, _ in named)]
    for (first, _, file), (following, _, other) in pairwise(named):
        if first == following:
            raise CorpusError(f"{file.name} and {other.name} are both {first}. Join them into one file.")
    for language, _, file in named:
        _read_file(file, language, reading.pivot, reading)


def pair_of(name: str, pivot: str | None = None) -> tuple[str, str]:
    """Return (language, pivot) of a name such as jpn-eng.tsv or pt-BR-en.tsv. Raises CorpusError."""
    parts = stem(name).split("-")
    readings = []
    for cut in range(1, len(parts)):
        try:
            pair = canonical("-".join(parts[:cut])), canonical("-".join(parts[cut:]))
        except BadInput:
            continue
        if pair[0] != pair[1] and pivot in (None, pair[1]):
            readings.append(pair)
    if len(readings) == 1:
        return readings[0]
    rule = "a pair file is named language-pivot, such as jpn-eng.tsv"
    if readings:
        ways = " or ".join(f"{first} with pivot {second}" for first, second in readings)
        raise CorpusError(
            f"{name}: {rule}; this name can be read as {ways}. Write regions with _, such as pt_BR-en.tsv."
        )
    wanted = f" with pivot {pivot}" if pivot else ""
    raise CorpusError(f"{name}: {rule}; this name does not hold two languages we know{wanted}.")


def _read_file(file: CorpusFile, language: str, pivot: str, reading: Reading) -> None:
    for number, line in enumerate(lines_of(file, reading), start=1):
        cells = line.split("\t")
        if not line.strip():
            reading.drop(file.name, number, "empty line")
            continue
        if len(cells) != 2:
            reading.fault(
                file.name,
                number,
                f"expected 2 columns separated by a tab, found {len(cells)}. "
                f"Write the {pivot} sentence, a tab and the {language} sentence.",
            )
            continue
        texts = [reading.clean(cell) for cell in cells]
        if not all(texts):
            reading.drop(file.name, number, f"nothing on the {language if texts[0] else pivot} side")
            continue
        group = f"{stem(file.name)}:{number}"
        reading.rows.append(Row(pivot, group, file.name, number, texts[0]))
        reading.rows.append(Row(language, group, file.name, number, texts[1]))
