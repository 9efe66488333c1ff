"""Lists of neurons as people keep them: JSON, CSV, lines such as L18·4021, and printed lists of (layer, neuron)."""

import codecs
import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.contracts.ids import NeuronId
from app.errors import BadInput, NeuronListError, TooLarge
from app.text.neuron_json import entry_line, json_entries

ListFormat = Literal["json", "csv", "lines", "tuples"]
Pairs = NDArray[np.int32]  # [n, 2] layer and neuron

FORMAT_WORDS: dict[str, str] = {
    "json": "JSON",
    "csv": "CSV with the columns layer and neuron",
    "lines": "neurons line by line",
    "tuples": "a list of (layer, neuron), as the paper's code prints it",
}
MOST_BYTES, MOST_NEURONS = 64_000_000, 5_000_000
SHOWN = 20  # faulty lines that a message names
_INTEGER = re.compile(r"[0-9]{1,9}")
_ROW = re.compile(r"\s*[Ll]?([0-9]{1,9})\s*[,;\t]\s*([0-9]{1,9})\s*")
_TUPLE = re.compile(r"\(\s*([0-9]{1,9})\s*,\s*([0-9]{1,9})\s*\)(?:\s*:\s*[-+.\w]{1,40})?\s*(?:,\s*|\Z)")
_LAYER, _NEURON = ("layer", "layer_idx"), ("neuron", "neuron_idx", "index")


@dataclass(frozen=True, slots=True)
class NeuronList:
    """What a list names: `neurons` [n, 2] ascending and each once, `ranked` the same in the order of the list.

    `duplicates` entries named a neuron that stood in the list already; `shape` is (layers, neurons per layer) of the
    model where the list tells it, `layers` only the number of layers; `where(i)` says where entry i of `ranked` stands.
    """

    neurons: Pairs
    ranked: Pairs
    format: str
    duplicates: int
    shape: tuple[int, int] | None
    where: Callable[[int], str]
    layers: int | None = None

    def check(self, layers: int, neurons: int) -> None:
        """Raise BadInput, naming the place, for a neuron that a model of this shape does not have."""
        if self.shape is not None and self.shape != (layers, neurons):
            raise BadInput(
                f"This set was made for a model of {self.shape[0]:,} layers with {self.shape[1]:,} neurons each, but "
                f"the chosen model has {layers:,} with {neurons:,}. Choose the model that it was made for."
            )
        if self.layers is not None and self.layers != layers:
            raise BadInput(
                f"The file lists {self.layers:,} layers, but the chosen model has {layers:,}. "
                "Choose the model that it was made for."
            )
        beyond = np.flatnonzero((self.ranked[:, 0] >= layers) | (self.ranked[:, 1] >= neurons))
        if len(beyond):
            first = int(beyond[0])
            more = f" {len(beyond) - 1:,} more do not exist either." if len(beyond) > 1 else ""
            sentence = no_such_neuron(NeuronId(*self.ranked[first].tolist()), layers, neurons)
            raise BadInput(f"{self.where(first)}: {sentence}{more}")


def no_such_neuron(neuron: NeuronId, layers: int, neurons: int) -> str:
    """The sentence about a neuron that a model of this shape does not have."""
    if neuron.layer >= layers:
        return f"The model has the layers 0–{layers - 1:,}; there is no {neuron}."
    return f"Layer {neuron.layer} has the neurons 0–{neurons - 1:,}; there is no {neuron}."


def folded(pairs: Sequence[tuple[int, int]] | Pairs) -> tuple[Pairs, Pairs, NDArray[np.int64]]:
    """Pairs [n, 2] ascending and each once; the same in their first order; where each of the latter stood [n]."""
    every = np.asarray(pairs, np.int64).reshape(-1, 2)
    keys = every[:, 0] << 32 | every[:, 1]
    _, first = np.unique(keys, return_index=True)
    order = np.sort(first)
    return every[first].astype(np.int32), every[order].astype(np.int32), order


def read_neurons(data: bytes, name: str) -> NeuronList:
    """The neurons that a file lists, in whichever of the formats it is.

    Raises NeuronListError with file and line for what cannot be read, TooLarge beyond the limits.
    """
    if len(data) > MOST_BYTES:
        raise TooLarge(f"{name} has {len(data):,} bytes; a list of neurons may have {MOST_BYTES:,}.")
    text = _decoded(data, name)
    start = text.lstrip()[:1]
    shape = None
    if start in ("[", "{") and re.match(r"\s*[\[{]\s*\(", text):
        form, pairs, lines = "tuples", *_tuples(text, name)
    elif start in ("[", "{"):
        form, lines = "json", None
        pairs, shape = json_entries(text, name)
    else:
        form, pairs, lines = _rows(text, name)
    if not pairs:
        raise NeuronListError(f"{name} names no neuron. A set needs one at least.")
    if len(pairs) > MOST_NEURONS:
        raise TooLarge(f"{name} names {len(pairs):,} neurons; a list may have {MOST_NEURONS:,}.")
    neurons, ranked, order = folded(pairs)

    def where(i: int) -> str:
        line = entry_line(text, int(order[i])) if lines is None else lines[int(order[i])]
        return f"{name} line {line}" if line else name

    return NeuronList(neurons, ranked, form, len(pairs) - len(neurons), shape, where)


def _decoded(data: bytes, name: str) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise NeuronListError(f"{name} is UTF-16. Save it as UTF-8.")
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as broken:
        line = data[: broken.start].count(b"\n") + 1
        raise NeuronListError(
            f"{name} line {line}: this is no text (byte 0x{data[broken.start]:02X}). "
            "Lists of tensors end in .pth or .pt, pickled ones in .pkl."
        ) from None


def _tuples(text: str, name: str) -> tuple[list[tuple[int, int]], list[int]]:
    """Entries of `[(18, 4021), ...]` or `{(18, 4021): 0.01, ...}`, and their lines."""
    text = text.rstrip()
    if text[-1] not in "]}":
        raise NeuronListError(f"{name} line {text.count(chr(10)) + 1}: the list does not end; it may be cut off.")
    pairs: list[tuple[int, int]] = []
    lines: list[int] = []
    at, stop, line, counted = re.search(r"[\[{]\s*", text).end(), len(text) - 1, 1, 0  # type: ignore[union-attr]
    while at < stop:
        line += text.count("\n", counted, at)
        counted = at
        found = _TUPLE.match(text, at, stop)
        if found is None:
            wrong = text[at : min(at + 30, stop)].split("\n")[0]
            raise NeuronListError(f"{name} line {line}: “{wrong}” is not (layer, neuron), such as (18, 4021).")
        pairs.append((int(found[1]), int(found[2])))
        lines.append(line)
        at = found.end()
    return pairs, lines


def _rows(text: str, name: str) -> tuple[ListFormat, list[tuple[int, int]], list[int]]:
    """Entries of a table, or of lines with neurons, and their lines; `#` begins a line that is no entry."""
    rows = [(i, line) for i, line in enumerate(text.split("\n"), 1) if line.strip() and not line.startswith("#")]
    if not rows:
        return "lines", [], []
    if re.search("[,;\t]", rows[0][1]) and re.search(r"(?i)\b(layer|neuron)", rows[0][1]):
        return "csv", *_table(rows, name)
    form: ListFormat = "csv" if _ROW.fullmatch(rows[0][1]) else "lines"
    pairs: list[tuple[int, int]] = []
    lines: list[int] = []
    faults: list[tuple[int, str]] = []
    for number, line in rows:
        try:
            found = [(neuron.layer, neuron.index) for neuron in _named(line)]
        except BadInput as wrong:
            faults.append((number, str(wrong)))
            continue
        pairs += found
        lines += [number] * len(found)
    _refuse(name, faults)
    return form, pairs, lines


def _named(line: str) -> Iterator[NeuronId]:
    """The neurons of one line: two numbers, or names with commas, semicolons or spaces between them."""
    if row := _ROW.fullmatch(line):
        yield NeuronId(int(row[1]), int(row[2]))
        return
    for piece in re.split("[,;\t]", line):
        if not piece.strip():
            continue
        try:
            yield NeuronId.parse(piece)
        except BadInput:
            parts = piece.split()
            if len(parts) < 2:
                raise
            yield from (NeuronId.parse(part) for part in parts)


def _table(rows: Sequence[tuple[int, str]], name: str) -> tuple[list[tuple[int, int]], list[int]]:
    delimiter = next(mark for mark in ("\t", ";", ",") if mark in rows[0][1])
    cells = csv.reader((line for _, line in rows), delimiter=delimiter)
    head = [cell.strip().lower() for cell in next(cells)]
    try:
        layer, neuron = (next(head.index(one) for one in names if one in head) for names in (_LAYER, _NEURON))
    except (StopIteration, RuntimeError):
        raise NeuronListError(
            f"{name} line {rows[0][0]}: two columns must be called layer and neuron, but these are {', '.join(head)}."
        ) from None
    pairs: list[tuple[int, int]] = []
    faults: list[tuple[int, str]] = []
    lines = [number for number, _ in rows[1:]]
    for number, row in zip(lines, cells, strict=False):
        found = [row[place].strip() if place < len(row) else "" for place in (layer, neuron)]
        wrong = next((cell for cell in found if not _INTEGER.fullmatch(cell)), None)
        if wrong is None:
            pairs.append((int(found[0]), int(found[1])))
        else:
            faults.append((number, f"“{wrong[:40]}” is no number of a layer or neuron. They count from 0."))
    _refuse(name, faults)
    return pairs, lines


def _refuse(name: str, faults: Sequence[tuple[int, str]]) -> None:
    """Raise NeuronListError if there is a fault: the first in full, the lines of the others."""
    if not faults:
        return
    (line, sentence), *others = faults
    message = f"{name} line {line}: {sentence}"
    if others:
        places = ", ".join(str(number) for number, _ in others[:SHOWN])
        message += f" Broken as well, {len(others):,} in number: line {places}{', …' if len(others) > SHOWN else ''}."
    raise NeuronListError(message)
