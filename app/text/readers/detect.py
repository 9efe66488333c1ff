"""Which corpus format a set of files is in, told from their names and first lines."""

import json
from collections.abc import Callable, Sequence

from app.errors import CorpusError
from app.text.readers.columns import GROUP_NAMES
from app.text.readers.jsonl import language_or_none
from app.text.readers.pairs import pair_of
from app.text.readers.reading import CorpusFile, stem

_SAMPLE = 20  # lines


def detect(files: Sequence[CorpusFile], pivot: str | None) -> str:
    """Return pairs, nway, jsonl or mkqa. Raises CorpusError saying what each file looks like if they differ."""
    kinds = {file.name: _kind(file, pivot) for file in files}
    found = sorted(set(kinds.values()))
    if len(found) == 1:
        return found[0]
    examples = "; ".join(f"{next(name for name, other in kinds.items() if other == kind)} is {kind}" for kind in found)
    raise CorpusError(f"The files are of different formats: {examples}. Upload one format, or say which one it is.")


def _kind(file: CorpusFile, pivot: str | None) -> str:
    if file.name.endswith((".jsonl", ".ndjson", ".json")):
        return "mkqa" if _looks_like_mkqa(file) else "jsonl"
    name = stem(file.name)
    one = name == GROUP_NAMES or language_or_none(name) is not None
    two = _succeeds(pair_of, file.name, pivot)
    if one and two:  # pt-br is Portuguese of Brazil, or Portuguese with Breton: the tabs decide
        sample = file.data.split(b"\n", _SAMPLE)[:_SAMPLE]
        return "pairs" if all(b"\t" in line for line in sample if line.strip()) else "nway"
    if not one and not two:
        if "-" in name:
            pair_of(file.name, pivot)  # says what is wrong with a pair's name
        raise CorpusError(
            f"{file.name}: the name says no language we know. Call it ja.txt (one language, line by line) "
            "or jpn-eng.tsv (language and pivot, in two columns), or take it out."
        )
    return "nway" if one else "pairs"


def _looks_like_mkqa(file: CorpusFile) -> bool:
    first = next((line for line in file.data.split(b"\n", _SAMPLE) if line.strip()), b"")
    try:
        row = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and "queries" in row and "example_id" in row


def _succeeds(read: Callable[[str, str | None], object], name: str, pivot: str | None) -> bool:
    try:
        read(name, pivot)
    except CorpusError:
        return False
    return True
