"""One process or several that train the same weights on different text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, distributed


@dataclass(frozen=True)
class Team:
    """This process's place among `ranks` processes; alone when `ranks` is 1."""

    rank: int = 0
    ranks: int = 1

    def add(self, tensors: Sequence[Tensor | None]) -> None:
        """Replace every tensor by its sum over the team, in one exchange."""
        present = [tensor for tensor in tensors if tensor is not None]
        if self.ranks == 1:
            return
        flat = torch.cat([tensor.flatten() for tensor in present])
        distributed.all_reduce(flat)
        for tensor, part in zip(present, torch.split(flat, [tensor.numel() for tensor in present]), strict=True):
            tensor.copy_(part.view_as(tensor))

    def average(self, tensors: Sequence[Tensor | None]) -> None:
        """Replace every tensor by its mean over the team."""
        self.add(tensors)
        if self.ranks > 1:
            for tensor in tensors:
                if tensor is not None:
                    tensor.div_(self.ranks)

    def wait(self) -> None:
        """Go on when every process has come here."""
        if self.ranks > 1:
            distributed.barrier()
