"""Reads a list of neurons from a .pth, .pt or .pkl file on standard input and writes JSON: a process, run under limits.

Tensors are read with `weights_only`, pickled lists with a reader that refuses every name, so nothing in the file runs.
"""

import io
import json
import pickle
import resource
import sys
import zipfile
from typing import Any, NoReturn

MOST_NEURONS, MOST_LISTS, MOST_LAYERS = 5_000_000, 1000, 10_000
MEMORY = 2_000_000_000  # bytes beyond what the interpreter and torch take
SECONDS = 60


class Refused(Exception):
    """The file cannot be used; the message is a sentence for the user."""


class PlainUnpickler(pickle.Unpickler):
    """Lists, tuples, dictionaries, numbers and text; any other object is refused before it is made."""

    def find_class(self, module: str, name: str) -> NoReturn:
        """Refuse."""
        raise Refused(f"it holds an object of {module}.{name}, and only plain lists of (layer, neuron) are read.")


def limit() -> None:
    """Take away memory, time and files from this process."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - before anything may fail
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def read(data: bytes) -> dict[str, object]:
    """A file's `lists` by language and layer if it holds tensors, its `pairs` of layer and neuron if it is a pickle."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        limit()
        return {"pairs": _pairs(_plain(data))}
    _check_zip(data)
    import torch  # noqa: F401 - before the limits: loading it takes more than they leave

    limit()
    return {"lists": _lists(_tensors(data))}


def _check_zip(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(part.file_size for part in archive.infolist())
    if size > 2 * len(data) + 1_000_000:
        raise Refused(f"it is {len(data):,} bytes that unpack to {size:,}; files of tensors are not packed that much.")


def _tensors(data: bytes) -> Any:
    import torch

    try:
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)  # noqa: TID251 - weights only
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError, AttributeError, TypeError) as wrong:
        reason = str(wrong).split("\n")[0][:200]
        raise Refused(f"it holds something else than tensors in lists, or is broken ({reason}).") from None


def _plain(data: bytes) -> Any:
    """What a pickle of plain objects holds; of torch's first format only its leading number."""
    try:
        return PlainUnpickler(io.BytesIO(data)).load()
    except Refused:
        raise
    except (pickle.UnpicklingError, EOFError, ValueError, IndexError, KeyError, AttributeError, TypeError) as wrong:
        raise Refused(f"it is no file of tensors and no pickled list ({str(wrong)[:200]}).") from None


def _pairs(found: Any) -> list[list[int]]:
    if isinstance(found, int):  # torch's first format begins with a number of its own
        raise Refused("it is in torch's first format. Save it again with a torch of 1.6 or newer.")
    entries = list(found) if isinstance(found, list | tuple | set | dict) else None
    if entries is None:
        raise Refused("it holds no list of (layer, neuron).")
    if len(entries) > MOST_NEURONS:
        raise Refused(f"it names {len(entries):,} neurons; a list may have {MOST_NEURONS:,}.")
    for i, entry in enumerate(entries):
        if not (isinstance(entry, list | tuple) and len(entry) == 2 and all(_is_number(part) for part in entry)):
            raise Refused(f"its entry {i:,} is not (layer, neuron).")
    return [list(entry) for entry in entries]


def _is_number(part: object) -> bool:
    return isinstance(part, int) and not isinstance(part, bool) and 0 <= part < 10**9


def _lists(found: Any) -> list[list[list[int]]]:
    """Lists by language and layer; a single list by layer becomes the only one."""
    if not isinstance(found, list | tuple) or not found:
        raise Refused("it is no list, but a list by language of lists by layer is expected.")
    if not any(isinstance(one, list | tuple) for one in found):
        found = [found]
    if len(found) > MOST_LISTS:
        raise Refused(f"it has {len(found):,} lists; {MOST_LISTS:,} are allowed.")
    left, lists = MOST_NEURONS, []
    for i, layers in enumerate(found):
        if not isinstance(layers, list | tuple) or len(layers) > MOST_LAYERS:
            raise Refused(f"its list {i} is no list of at most {MOST_LAYERS:,} layers.")
        own = [_neurons(one, f"layer {layer} of its list {i}", left) for layer, one in enumerate(layers)]
        left -= sum(map(len, own))
        lists.append(own)
        if left < 0:
            raise Refused(f"it names more than {MOST_NEURONS:,} neurons.")
    return lists


def _neurons(tensor: Any, place: str, most: int) -> list[int]:
    import torch

    if not isinstance(tensor, torch.Tensor) or tensor.dim() > 1 or tensor.is_floating_point() or tensor.is_complex():
        raise Refused(f"{place} is no tensor of whole numbers in one row.")
    if tensor.dim() == 0 or tensor.dtype == torch.bool:
        raise Refused(f"{place} is no list of neurons.")
    if tensor.numel() > most:
        raise Refused(f"it names more than {MOST_NEURONS:,} neurons.")
    found: list[int] = tensor.tolist()
    if any(not 0 <= one < 10**9 for one in found):
        raise Refused(f"{place} names a neuron below 0 or beyond any model.")
    return found


def main() -> None:
    """Read, and write the answer or the refusal."""
    try:
        answer = read(sys.stdin.buffer.read())
    except Refused as refused:
        answer = {"error": str(refused)}
    except MemoryError:
        answer = {"error": "it needs too much memory."}
    except RecursionError:
        answer = {"error": "it is nested too deeply."}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
