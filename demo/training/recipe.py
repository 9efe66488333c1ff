"""The recipe of the demo model: phases of steps with their rates, losses and mixture of documents."""

from __future__ import annotations

from pydantic import BaseModel

from demo.training.network import Shape
from demo.world.documents import Style
from demo.world.parallel import Pairing


class Phase(BaseModel):
    """A stretch of steps; the learning rate goes linearly from `rate[0]` to `rate[1]`.

    `neutral` weighs how far the states before the silent layers already name a language (`neutral_loss`), `few` how
    many neurons the silent layers write with (`write_count`), `even` how far tokens differ in length (`unevenness`).
    `begins_from`: the phase begins with a new optimiser and the mean of the bfloat16 weights at these earlier steps, by
    these shares; empty where it goes on from the step before.
    """

    steps: int
    rate: tuple[float, float]
    align: dict[int, tuple[float, float]]
    sparse: float
    style: Style
    centred: bool = False
    neutral: float = 0.0
    few: float = 0.0
    even: float = 0.0
    pairing: Pairing = Pairing()
    begins_from: dict[int, float] = {}


class Recipe(BaseModel):
    """Everything that decides the weights, besides the code; each of `ranks` teams of texts has `rows` rows a step.

    `average`: the finished weights are the mean of those at these steps, by these shares; empty for the last step's.
    """

    seed: int
    tokenizer_seed: int
    ranks: int
    rows: int
    shape: Shape = Shape()
    decay: float
    boost: float
    clip: float
    phases: list[Phase]
    average: dict[int, float] = {}

    def at(self, step: int) -> tuple[int, int]:
        """The number of the phase a step falls in, and the step within it."""
        for number, phase in enumerate(self.phases):
            if step < phase.steps:
                return number, step
            step -= phase.steps
        raise IndexError("the step lies after the last phase of the recipe")

    @property
    def restart(self) -> int:
        """The first step of the last phase that begins from exported weights; 0 when none does."""
        firsts = [number for number, phase in enumerate(self.phases) if phase.begins_from]
        return sum(phase.steps for phase in self.phases[: max(firsts, default=0)])

    @property
    def kept(self) -> set[int]:
        """Steps whose weights are exported, for a later phase or the average."""
        return set(self.average).union(*(phase.begins_from for phase in self.phases))

    @property
    def steps(self) -> int:
        """Steps of all phases."""
        return sum(phase.steps for phase in self.phases)
