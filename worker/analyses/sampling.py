"""Which sentences of a corpus a scan reads, and which of them mean the same."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.contracts.jobs import ScanSpec
from app.errors import BadInput


@dataclass(frozen=True)
class Line:
    """A stored sentence, as far as choosing needs it."""

    id: int
    group: str | None
    text: str


@dataclass(frozen=True)
class Sample:
    """What is read: each distinct text of a language once, in reading order, and how the rows belong together."""

    sentences: dict[str, NDArray[np.int64]]  # language -> [n] ids of sentences
    groups: dict[str, NDArray[np.int64]]  # language -> [n] parallel group, -1 for none
    pairs: dict[str, NDArray[np.int32]]  # language -> [pairs, 2] rows of the pivot's and of the language's order


def choose(lines: Mapping[str, Sequence[Line]], spec: ScanSpec) -> Sample:
    """Draw at most `max_sentences` pairs a language, the same groups in every language that has them.

    Groups are drawn by the hash of seed and group, so that an N-way corpus stays N-way and a repeated draw is equal.
    Raises BadInput when a language is left with fewer than two sentences.
    """
    readers = {language: _Reader() for language in spec.all_languages}
    pivot_of_group = {line.group: line for line in lines.get(spec.pivot, ()) if line.group is not None}
    pairs: dict[str, NDArray[np.int32]] = {}
    for language in spec.languages:
        ours = lines.get(language, ())
        coupled = [(pivot_of_group[line.group], line) for line in ours if line.group in pivot_of_group]
        if coupled:
            chosen = _draw_pairs(coupled, spec)
            rows = [(readers[spec.pivot].row(a), readers[language].row(b)) for a, b in chosen]
            pairs[language] = np.array(rows, dtype=np.int32).reshape(-1, 2)
        else:
            for line in _draw(list(ours), spec):
                readers[language].row(line)
            pairs[language] = np.zeros((0, 2), dtype=np.int32)
    if not any(len(found) for found in pairs.values()):
        for line in _draw(list(lines.get(spec.pivot, ())), spec):
            readers[spec.pivot].row(line)
    for language, reader in readers.items():
        if len(reader.ids) < 2:
            raise BadInput(
                f"The corpus has {len(reader.ids)} usable sentence(s) in {language}; a scan needs at least 2. "
                "Choose another corpus or leave this language out."
            )
    numbers = _group_numbers(readers.values())
    return Sample(
        sentences={key: np.array(reader.ids, dtype=np.int64) for key, reader in readers.items()},
        groups={
            key: np.array([numbers.get(group, -1) if group else -1 for group in reader.groups], dtype=np.int64)
            for key, reader in readers.items()
        },
        pairs=pairs,
    )


class _Reader:
    """The reading order of one language: a text met again gets the row it had."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.groups: list[str | None] = []
        self._row_of_text: dict[str, int] = {}

    def row(self, line: Line) -> int:
        found = self._row_of_text.get(line.text)
        if found is None:
            found = self._row_of_text[line.text] = len(self.ids)
            self.ids.append(line.id)
            self.groups.append(line.group)
        return found


def _rank(key: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{key}".encode()).digest()


def _draw(lines: list[Line], spec: ScanSpec) -> list[Line]:
    """At most `max_sentences` lines, drawn by hash, in the corpus's order."""
    drawn = sorted(lines, key=lambda line: _rank(line.group or line.text, spec.settings.seed))
    kept = {line.id for line in drawn[: spec.settings.max_sentences]}
    return [line for line in lines if line.id in kept]


def _draw_pairs(coupled: list[tuple[Line, Line]], spec: ScanSpec) -> list[tuple[Line, Line]]:
    """As `_draw` for pairs; without repeated sentences on either side when the settings say so."""
    if spec.settings.deduplicate:
        seen: tuple[set[str], set[str]] = (set(), set())
        unique = []
        for pivot, line in coupled:
            if pivot.text in seen[0] or line.text in seen[1]:
                continue
            seen[0].add(pivot.text)
            seen[1].add(line.text)
            unique.append((pivot, line))
        coupled = unique
    drawn = sorted(coupled, key=lambda pair: _rank(pair[1].group or pair[1].text, spec.settings.seed))
    kept = {pair[1].id for pair in drawn[: spec.settings.max_sentences]}
    return [pair for pair in coupled if pair[1].id in kept]


def _group_numbers(readers: Iterable[_Reader]) -> dict[str, int]:
    """Numbers of the groups that are read, from 0 in the order of their names."""
    names = {group for reader in readers for group in reader.groups if group}
    return {name: number for number, name in enumerate(sorted(names))}
