"""Lists of neurons in JSON: pairs, objects, names, or a list of neurons by layer; faults named by line."""

import json
import re
from collections.abc import Iterator, Sequence

from app.contracts.ids import NeuronId
from app.errors import BadInput, NeuronListError

Entries = list[tuple[int, int]]
_MOST = 999_999_999


def json_entries(text: str, name: str) -> tuple[Entries, tuple[int, int] | None]:
    """Entries in their order, and (layers, neurons per layer) where the file tells it.

    Understood are `[[18, 4021], ...]`, `[{"layer": 18, "neuron": 4021}, ...]`, `["L18·4021", ...]`,
    `{"18": [4021, ...]}`, and an object with one of these under "neurons". Raises NeuronListError with the line.
    """
    try:
        found = json.loads(text)
    except json.JSONDecodeError as broken:
        raise NeuronListError(f"{name} line {broken.lineno}: this is not JSON ({broken.msg}).") from None
    except (RecursionError, ValueError):
        raise NeuronListError(f"{name}: this JSON is nested too deeply, or holds a number too long.") from None
    shape = None
    if isinstance(found, dict) and "neurons" in found:
        shape = _shape(found.get("shape"))
        found = found["neurons"]
    if isinstance(found, dict):
        return list(_by_layer(found, name)), shape
    if not isinstance(found, list):
        raise NeuronListError(f"{name}: “neurons” is no list of neurons.")
    return list(_listed(found, text, name)), shape


def entry_line(text: str, index: int) -> int | None:
    """The line on which entry `index` of the first list of lists, objects or texts begins; None if it is not found."""
    key = re.search(r'"neurons"\s*:\s*\[', text) if text.lstrip().startswith("{") else re.search(r"\[", text)
    if key is None:
        return None
    at, decoder = key.end(), json.JSONDecoder()
    for _ in range(index):
        at = _behind(text, at)
        _, at = decoder.raw_decode(text, at)
    return text.count("\n", 0, _behind(text, at)) + 1


def _behind(text: str, at: int) -> int:
    """Where the next value begins, behind white space and a comma."""
    found = re.compile(r"[\s,]*").match(text, at)
    return found.end() if found else at


def _shape(found: object) -> tuple[int, int] | None:
    if not isinstance(found, dict):
        return None
    layers, neurons = found.get("layers"), found.get("neurons")
    return (layers, neurons) if isinstance(layers, int) and isinstance(neurons, int) else None


def _is_place(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST


def _by_layer(found: dict[str, object], name: str) -> Iterator[tuple[int, int]]:
    for layer, neurons in found.items():
        if not re.fullmatch("[0-9]{1,9}", layer) or not isinstance(neurons, list):
            raise NeuronListError(
                f"{name}: “{layer[:40]}” is no layer with a list of neurons. "
                'Write {"18": [4021, 7]}, or a list of pairs under “neurons”.'
            )
        for neuron in neurons:
            if not _is_place(neuron):
                raise NeuronListError(f"{name}: layer {layer} lists {_brief(neuron)}, which is no number of a neuron.")
            yield int(layer), neuron


def _listed(found: Sequence[object], text: str, name: str) -> Iterator[tuple[int, int]]:
    for i, entry in enumerate(found):
        pair = _pair(entry)
        if pair is None:
            line = entry_line(text, i)
            raise NeuronListError(
                f"{name} line {line}: {_brief(entry)} is not a neuron. "
                'Write [18, 4021], {"layer": 18, "neuron": 4021} or "L18·4021".'
            )
        yield pair


def _pair(entry: object) -> tuple[int, int] | None:
    if isinstance(entry, str):
        try:
            neuron = NeuronId.parse(entry)
        except BadInput:
            return None
        return neuron.layer, neuron.index
    if isinstance(entry, dict):
        entry = [entry.get("layer"), entry.get("neuron")]
    if isinstance(entry, list) and len(entry) == 2 and _is_place(entry[0]) and _is_place(entry[1]):
        return entry[0], entry[1]
    return None


def _brief(entry: object) -> str:
    text = json.dumps(entry, ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"
