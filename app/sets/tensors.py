"""Lists of neurons in files of tensors and pickles: read by a process of its own, which this one only asks."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from app.errors import BadInput, NeuronListError, TooLarge, Unavailable
from app.text.languages import canonical
from app.text.neuron_lists import MOST_BYTES, NeuronList, folded

SUFFIXES = (".pth", ".pt", ".pkl", ".pickle", ".bin")
SECONDS = 90


@dataclass(frozen=True, slots=True)
class Part:
    """The neurons of one language of a file, and its place there."""

    language: str
    found: NeuronList


def is_tensor_file(name: str, data: bytes) -> bool:
    """Whether a file must be read by the process: by its name, or because it begins as a zip or pickle does."""
    return name.lower().endswith(SUFFIXES) or data[:2] in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def read_tensors(data: bytes, name: str, languages: str) -> list[Part]:
    """The lists of a file, a part a language in the order that the user gives; one list needs no language.

    Raises NeuronListError for what cannot be read and for an order that does not fit, TooLarge, Unavailable where no
    torch is installed.
    """
    if len(data) > MOST_BYTES:
        raise TooLarge(f"{name} has {len(data):,} bytes; a list of neurons may have {MOST_BYTES:,}.")
    answer = _ask(data, name)
    if "pairs" in answer:
        return [Part("", _list(answer["pairs"], name, "tuples", None))]
    lists = answer["lists"]
    order = _order(languages, len(lists), name)
    return [
        Part(language, _by_layer(layers, name)) for language, layers in zip(order, lists, strict=True) if any(layers)
    ]


def _ask(data: bytes, name: str) -> dict[str, Any]:
    command = [sys.executable, "-I", "-m", "worker.readers.neuron_tensors"]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise NeuronListError(f"{name} took longer than {SECONDS} s to read and was given up.") from None
    if b"No module named" in done.stderr:
        raise Unavailable(
            "Files of tensors are read with PyTorch, which this server does not have. Write the list as JSON: "
            '{"18": [4021, 7]}, layer by layer.'
        )
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise NeuronListError(f"{name} could not be read: it needs too much memory or time, or is broken.") from None
    if "error" in answer:
        raise NeuronListError(f"{name} could not be read: {answer['error']}")
    found: dict[str, Any] = answer
    return found


def _order(languages: str, lists: int, name: str) -> list[str]:
    named = [part for part in languages.replace(",", " ").replace(";", " ").split() if part]
    if not named and lists == 1:
        return [""]
    if len(named) != lists:
        said = "none are named" if not named else f"{len(named)} are named ({', '.join(named)[:200]})"
        raise NeuronListError(
            f"{name} has the lists of {lists} languages, but {said}. The file does not say which they are: "
            "name them in the order of the file."
        )
    order = [canonical(code) for code in named]
    if len(set(order)) != len(order):
        raise BadInput("A language is named twice in the order of the file.")
    return order


def _by_layer(layers: list[list[int]], name: str) -> NeuronList:
    pairs = [(layer, neuron) for layer, neurons in enumerate(layers) for neuron in neurons]
    return _list(pairs, name, "tensors", len(layers))


def _list(pairs: list[tuple[int, int]], name: str, form: str, layers: int | None) -> NeuronList:
    if not pairs:
        raise NeuronListError(f"{name} names no neuron. A set needs one at least.")
    neurons, ranked, order = folded(pairs)

    def where(i: int) -> str:
        return f"{name} entry {int(order[i]) + 1:,}"

    return NeuronList(neurons, ranked, form, len(pairs) - len(neurons), None, where, layers)
