"""A processor that passes for a GPU: tensors carry a place, and what a GPU would refuse to mix is refused.

Every tensor that is asked for on `cuda` is computed on the processor and labelled; operations between labelled and
other tensors raise what CUDA raises. So the whole product can be run for a GPU where there is none. It checks places
only: no kernel, no rounding, no memory.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree
from torch.utils.weak import WeakIdKeyDictionary

CPU, GPU = torch.device("cpu"), torch.device("cuda:0")
COPIES = {"copy_", "__setitem__", "grad.__set__", "_has_compatible_shallow_copy_type"}  # may take what lies elsewhere
INDEXED = {"__getitem__"}  # a GPU's tensor may be indexed by the processor's
UNFILLED = {"empty", "empty_like", "new_empty", "empty_strided"}
LEAVES = {"numpy", "__array__"}  # need the memory itself
PLACES: dict[str, Callable[[bool], Any]] = {
    "device.__get__": lambda gpu: GPU if gpu else CPU,
    "is_cuda.__get__": lambda gpu: gpu,
}


class PretendGpu(TorchFunctionMode):
    """While active, `cuda` is a place."""

    place_of = WeakIdKeyDictionary()  # outlives one use: models stay loaded

    def on_gpu(self, tensor: Tensor) -> bool:
        """Whether the tensor counts as the GPU's."""
        return tensor in self.place_of

    def label(self, result: Any, *, gpu: bool) -> Any:
        """Say where the tensors of a result lie."""
        for leaf in pytree.tree_leaves(result):
            if isinstance(leaf, Tensor):
                if gpu:
                    self.place_of[leaf] = True
                else:
                    self.place_of.pop(leaf, None)
        return result

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        name = _name(func)
        if name in PLACES:
            return PLACES[name](self.on_gpu(args[0]))
        if name in ("to", "cpu", "cuda"):
            return self._moved(name, args, kwargs)
        if name == "data.__set__":
            func(*args)
            return self.label(args[0], gpu=self.on_gpu(args[1]))
        return self._computed(func, name, args, kwargs)

    def _computed(self, func: Any, name: str, args: Any, kwargs: dict[str, Any]) -> Any:
        asked = kwargs.get("device")
        if asked is not None and torch.device(asked).type == "cuda":
            kwargs["device"] = CPU
        gpu = self._common(name, args, kwargs)
        result = func(*args, **kwargs)
        if name in UNFILLED and not result.is_meta:
            result.zero_()  # so that what a pretended run computes never depends on what lay in memory
        if name in COPIES or (args and isinstance(args[0], Tensor) and result is args[0]):
            gpu = self.on_gpu(args[0])
        elif asked is not None:
            gpu = torch.device(asked).type == "cuda"
        return self.label(result, gpu=gpu)

    def _moved(self, name: str, args: Any, kwargs: dict[str, Any]) -> Any:
        tensor, wanted = args[0], {"cpu": CPU, "cuda": GPU}.get(name)
        dtype = kwargs.get("dtype")
        for one in (*args[1:], kwargs.get("device")):
            if isinstance(one, Tensor):
                wanted, dtype = GPU if self.on_gpu(one) else CPU, one.dtype
            elif isinstance(one, (str, torch.device)):
                wanted = torch.device(one)
            elif isinstance(one, torch.dtype):
                dtype = one
        if wanted is not None and wanted.type not in ("cpu", "cuda"):
            return self.label(torch.Tensor.to(tensor, wanted, dtype or tensor.dtype), gpu=False)
        before = self.on_gpu(tensor)
        gpu = before if wanted is None else wanted.type == "cuda"
        result = tensor if dtype is None else torch.Tensor.to(tensor, dtype)
        if gpu != before and result is tensor:
            result = tensor.clone()
        return result if result is tensor else self.label(result, gpu=gpu)

    def _common(self, name: str, args: Any, kwargs: dict[str, Any]) -> bool:
        """Whether an operation runs on the GPU. Raises RuntimeError for tensors of both places."""
        tensors = [leaf for leaf in pytree.tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        if not tensors:
            return False
        if name in COPIES:
            return self.on_gpu(tensors[0])
        if name in INDEXED and self.on_gpu(tensors[0]):
            return True
        gpu = [tensor for tensor in tensors if self.on_gpu(tensor)]
        if gpu and name in LEAVES:
            raise TypeError("can't convert cuda:0 device type tensor to numpy.")
        others = [tensor for tensor in tensors if not self.on_gpu(tensor) and _dim(tensor) > 0]
        if gpu and others:
            raise RuntimeError(
                f"Expected all tensors to be on the same device, but found at least two devices ({name})"
            )
        return bool(gpu)


def _name(func: Any) -> str:
    name = getattr(func, "__name__", str(func))
    if name in ("__get__", "__set__"):
        return f"{func.__self__.__name__}.{name}"
    return str(name)


def _dim(tensor: Tensor) -> int:
    with torch._C.DisableTorchFunction():
        return tensor.dim()


@contextmanager
def pretend_gpu() -> Iterator[PretendGpu]:
    """One GPU, as far as places go."""
    with (
        patch("torch.cuda.is_available", lambda: True),
        patch("torch.cuda.device_count", lambda: 1),
        patch("torch.cuda.synchronize", lambda *_: None),
        patch("torch.cuda.get_device_name", lambda *_: "pretended"),
        PretendGpu() as mode,
    ):
        yield mode
