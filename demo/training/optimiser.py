"""Muon for weight matrices, AdamW for the rest: steps of equal size in every direction of a matrix.

Muon (Jordan 2024) replaces the momentum of a matrix by its nearest semi-orthogonal matrix, found by Newton-Schulz
iterations. Written here in float32 and over stacks of equal shapes, because the processor has no bfloat16 units.
"""

from __future__ import annotations

from collections import defaultdict

import torch
from torch import Tensor

from demo.training.network import Block, Network
from demo.training.team import Team

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
MOMENTUM = 0.95


def orthogonal(stack: Tensor) -> Tensor:
    """Newton-Schulz towards each matrix's semi-orthogonal factor; stack [count, rows, columns], rows <= columns."""
    a, b, c = COEFFICIENTS
    x = stack / (stack.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.transpose(1, 2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return torch.as_tensor(x)


class Optimiser:
    """Both optimisers behind one rate; Muon's rate is `boost` times AdamW's."""

    def __init__(self, network: Network, decay: float, boost: float, team: Team) -> None:
        self.team = team
        self.decay, self.boost = decay, boost
        self.rate: float | Tensor = 0.0
        self.matrices: list[Tensor] = []
        self.parts: list[int] = []
        for block in network.blocks:
            assert isinstance(block, Block)
            if block.attends:
                self.matrices += [block.qkv, block.out]
                self.parts += [3, 1]
            self.matrices += [block.gate_up, block.down]
            self.parts += [2, 1]
        chosen = {id(matrix) for matrix in self.matrices}
        others = [parameter for parameter in network.parameters() if id(parameter) not in chosen]
        recorded = others[0].is_cuda  # an accelerator replays the step, with the rate in a tensor
        self.adam = torch.optim.AdamW(
            others, lr=0.0, betas=(0.9, 0.95), weight_decay=0.0, fused=True, capturable=recorded
        )
        self.momenta = [torch.zeros_like(matrix) for matrix in self.matrices]

    @torch.no_grad()
    def step(self) -> None:
        """One update with the gradients that are there; the ranks share the orthogonalising."""
        for group in self.adam.param_groups:
            group["lr"] = self.rate
        self.adam.step()
        stacks: dict[tuple[int, ...], list[tuple[Tensor, bool, Tensor]]] = defaultdict(list)
        updates = [torch.zeros_like(matrix) for matrix in self.matrices]
        for index, (matrix, momentum) in enumerate(zip(self.matrices, self.momenta, strict=True)):
            assert matrix.grad is not None
            momentum.lerp_(matrix.grad, 1 - MOMENTUM)
            ahead = matrix.grad.lerp(momentum, MOMENTUM)
            for part, piece in enumerate(ahead.chunk(self.parts[index])):
                if (index + part) % self.team.ranks != self.team.rank:
                    continue
                tall = piece.shape[0] > piece.shape[1]
                piece = piece.T if tall else piece
                stacks[tuple(piece.shape)].append((updates[index].chunk(self.parts[index])[part], tall, piece))
        for entries in stacks.values():
            found = orthogonal(torch.stack([piece for _, _, piece in entries]))
            for (target, tall, _), update in zip(entries, found, strict=True):
                target.copy_(update.T if tall else update).mul_(max(1.0, target.shape[0] / target.shape[1]) ** 0.5)
        self.team.add(updates)
        for matrix, update in zip(self.matrices, updates, strict=True):
            matrix.mul_(1 - self.rate * self.decay).sub_(update * (self.rate * self.boost))

    def clear(self) -> None:
        """Forget the gradients."""
        self.adam.zero_grad(set_to_none=True)
        for matrix in self.matrices:
            matrix.grad = None

    def state(self) -> dict[str, Tensor]:
        """What `load` needs to go on exactly, as named tensors."""
        named = {f"momentum.{index}": momentum for index, momentum in enumerate(self.momenta)}
        for index, values in self.adam.state_dict()["state"].items():
            named |= {f"adam.{index}.{name}": value for name, value in values.items()}
        return named

    def load(self, named: dict[str, Tensor]) -> None:
        """Go on from an earlier state."""
        state = self.adam.state_dict()
        values: dict[int, dict[str, Tensor]] = defaultdict(dict)
        for key, tensor in named.items():
            if key.startswith("adam."):
                _, index, name = key.split(".")
                values[int(index)][name] = tensor
        state["state"] = dict(values)
        self.adam.load_state_dict(state)
        self.momenta = [named[f"momentum.{index}"] for index in range(len(self.momenta))]
