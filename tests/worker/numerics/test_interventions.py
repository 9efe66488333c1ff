"""Each intervention against its definition, number by number."""

import pytest
import torch

from app.errors import BadInput
from worker.registry import INTERVENTIONS, Means

PRESENT = torch.tensor([[1.0, -2.0, 3.0], [0.0, 0.5, -4.0]])
MEANS = Means(("en", "ja"), torch.tensor([[1.0, 2.0, 3.0], [3.0, -2.0, 0.0]]))
NONE = Means((), torch.empty(0, 3))


def done(name: str, means: Means = MEANS, **params: object) -> list[list[float]]:
    method = INTERVENTIONS[name]
    values: list[list[float]] = method.run(method.parse(params), PRESENT, means).tolist()
    return values


def test_each_does_what_it_says() -> None:
    assert done("zero", NONE) == [[0, 0, 0]] * 2
    assert done("mean") == [[2, 0, 1.5]] * 2
    assert done("transplant", language="ja") == [[3, -2, 0]] * 2
    assert done("scale", NONE, factor=-0.5) == [[-0.5, 1, -1.5], [0, -0.25, 2]]
    assert done("clamp", NONE, low=-1, high=0.25) == [[0.25, -1, 0.25], [0, 0.25, -1]]


@pytest.mark.parametrize(
    ("name", "params", "said"),
    [
        ("scale", {"factor": float("nan")}, "Scale by a factor: factor: must be a finite number"),
        ("scale", {"factor": float("inf")}, "finite number"),
        ("scale", {"factor": "much"}, "Scale by a factor: factor: "),
        ("clamp", {"low": 1, "high": 0}, "the low bound is above the high one"),
        ("transplant", {}, "say which language"),
        ("transplant", {"language": "fr"}, "no mean activations of “fr”: its run has en, ja"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(name: str, params: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        INTERVENTIONS[name].run(INTERVENTIONS[name].parse(params), PRESENT, MEANS)


def test_means_need_a_run() -> None:
    with pytest.raises(BadInput, match="needs a run"):
        done("mean", NONE)
    with pytest.raises(BadInput, match="no run was chosen"):
        done("transplant", NONE, language="ja")
