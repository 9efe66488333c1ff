"""Every registered scorer against its definition, and what all of them owe to a scan."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tests.worker.numerics import slow_definitions as slow
from tests.worker.numerics.test_scoring import Layer, layer
from worker.registry import SCORERS

DEFINITIONS: dict[str, tuple[Callable[[Tensor, Tensor, Tensor, Tensor], Tensor], str]] = {
    "cosine_gain": (slow.scores, "stream"),
    "leave_one_out": (slow.leave_one_out, "block output"),
    "distance_gain": (slow.distance_gains, "stream"),
    "attribution": (slow.attributions, "stream"),
}
NAMES = [method.name for method in SCORERS]


def run(name: str, case: Layer, output: Tensor) -> Tensor:
    method = SCORERS[name]
    stream, activations, vectors, targets = case
    return method.run(method.parse({}), stream, output, activations, vectors, targets)


def block_output(case: Layer) -> Tensor:
    stream, activations, vectors, _ = case
    return stream + activations @ vectors + 0.1


def test_every_scorer_has_a_definition() -> None:
    assert sorted(NAMES) == sorted(DEFINITIONS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(2))
def test_a_scorer_is_its_definition_summed_over_sentences(name: str, seed: int) -> None:
    case = layer(seed)
    definition, read = DEFINITIONS[name]
    state = case[0] if read == "stream" else block_output(case)
    found = run(name, case, block_output(case))
    assert found.dtype == torch.float64
    for number, target in enumerate(case[3]):
        expected = definition(state, case[1], case[2], target).sum(dim=0)
        torch.testing.assert_close(found[number], expected, rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("name", NAMES)
def test_shards_add_up(name: str) -> None:
    case = layer(3, sentences=300)
    output = block_output(case)
    whole = run(name, case, output)
    halves = sum(
        run(name, (case[0][rows], case[1][rows], case[2], case[3]), output[rows])
        for rows in (slice(170), slice(170, 300))
    )
    torch.testing.assert_close(halves, whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_write_towards_the_target_scores_above_one_away_from_it(name: str) -> None:
    stream, activations, vectors, targets = layer(4, targets=1, size=32)
    vectors[0], vectors[1] = targets[0] * 0.1, targets[0] * -0.1
    activations[:, :2] = 1.0
    case = (stream, activations, vectors, targets)
    found = run(name, case, block_output(case))[0]
    assert found[0] > 0 > found[1]


@pytest.mark.parametrize("name", NAMES)
def test_silence_and_a_zero_stream_give_finite_numbers(name: str) -> None:
    stream, activations, vectors, targets = layer(5)
    stream[1] = 0.0
    activations[:, 2] = 0.0
    found = run(name, (stream, activations, vectors, targets), stream)
    assert bool(found.isfinite().all())
    assert found[:, 2].abs().max() == 0
