"""The closed form against the definition, sentence by sentence and neuron by neuron in float64."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.worker.numerics import slow_definitions as slow
from worker.numerics.scoring import layer_products, leave_one_out_sum, leave_one_out_sums, score_sum, score_sums

Layer = tuple[Tensor, Tensor, Tensor, Tensor]


def layer(seed: int, sentences: int = 7, neurons: int = 11, size: int = 6, targets: int = 3) -> Layer:
    """Stream, activations, value vectors and targets, all of ordinary size."""
    random = torch.Generator().manual_seed(seed)
    shapes = ((sentences, size), (sentences, neurons), (neurons, size), (targets, size))
    stream, activations, vectors, centroids = (torch.randn(*shape, generator=random) for shape in shapes)
    return stream * 3, activations, vectors * 0.3, centroids


def massive_layer(seed: int, massive: float = 900.0) -> Layer:
    """A stream as real models have it: a few dimensions hundreds of times as large as the others, in every sentence."""
    stream, activations, vectors, centroids = layer(seed, sentences=40, neurons=3000, size=512, targets=1)
    constant = torch.zeros(512)
    constant[[7, 130, 391]] = torch.tensor([massive, -massive, massive])
    stream = stream / 3 + constant
    return stream, activations * 0.1, vectors / 0.3 / 512**0.5, stream.mean(dim=0, keepdim=True) + centroids * 0.5


@pytest.mark.parametrize("seed", range(4))
def test_the_sums_are_those_of_the_definition(seed: int) -> None:
    stream, activations, vectors, targets = layer(seed)
    sums, squares = score_sums(stream, activations, vectors, targets)
    products = layer_products(stream, activations, vectors)
    for number, target in enumerate(targets):
        expected = slow.scores(stream, activations, vectors, target)
        torch.testing.assert_close(sums[number], expected.sum(dim=0), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(squares[number], expected.square().sum(dim=0), rtol=1e-5, atol=1e-6)
        one_sum, one_squares = score_sum(products, activations, stream, target, vectors)
        torch.testing.assert_close(one_sum, expected.sum(dim=0), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(one_squares, expected.square().sum(dim=0), rtol=1e-5, atol=1e-6)


def test_the_difference_to_the_definition_is_rounding_and_vanishes_in_float64() -> None:
    stream, activations, vectors, targets = (part.double() for part in layer(5))
    products = layer_products(stream, activations, vectors)
    for target in targets:
        total, _ = score_sum(products, activations, stream, target, vectors)
        expected = slow.scores(stream, activations, vectors, target).sum(dim=0)
        torch.testing.assert_close(total, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("seed", range(3))
def test_blocks_do_not_change_the_sums(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    stream, activations, vectors, targets = layer(seed, sentences=23, neurons=37)
    whole = score_sums(stream, activations, vectors, targets)
    monkeypatch.setattr("worker.numerics.scoring._CPU_BLOCK", (5, 8))
    for block_wise, at_once in zip(score_sums(stream, activations, vectors, targets), whole, strict=True):
        torch.testing.assert_close(block_wise, at_once, rtol=1e-5, atol=1e-6)


def test_shards_add_up() -> None:
    stream, activations, vectors, targets = layer(9, sentences=30)
    whole = score_sums(stream, activations, vectors, targets)
    parts = [score_sums(stream[rows], activations[rows], vectors, targets) for rows in (slice(13), slice(13, 30))]
    for number, expected in enumerate(whole):
        torch.testing.assert_close(parts[0][number] + parts[1][number], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_massive_dimensions_drown_the_released_form_but_not_ours(seed: int) -> None:
    stream, activations, vectors, targets = massive_layer(seed)
    doubles = [part.double() for part in (stream, activations, vectors, targets[0])]
    exact = slow.scores_as_released(*doubles).mean(dim=0)
    naive = slow.scores_as_released(stream, activations, vectors, targets[0]).mean(dim=0)
    ours = score_sums(stream, activations, vectors, targets)[0][0] / len(stream)
    best = exact.topk(50).indices.tolist()
    assert ours.topk(50).indices.tolist() == best
    assert len(set(naive.topk(50).indices.tolist()) & set(best)) < 40


def test_the_spread_survives_massive_dimensions() -> None:
    stream, activations, vectors, targets = massive_layer(4)
    exact = slow.scores_as_released(*(part.double() for part in (stream, activations, vectors, targets[0])))
    sums, squares = score_sums(stream, activations, vectors, targets)
    spread = (squares[0] / len(stream) - (sums[0] / len(stream)).square()).sqrt()
    torch.testing.assert_close(spread, exact.std(dim=0, correction=0), rtol=0.05, atol=0.0)


@pytest.mark.parametrize("seed", range(3))
def test_leave_one_out_is_what_the_output_loses_without_the_neuron(seed: int) -> None:
    _, activations, vectors, targets = layer(seed)
    output = layer(seed + 50)[0] + activations @ vectors
    sums = leave_one_out_sums(output, activations, vectors, targets)
    for number, target in enumerate(targets):
        expected = slow.leave_one_out(output, activations, vectors, target).sum(dim=0)
        torch.testing.assert_close(sums[number], expected, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(leave_one_out_sum(output, activations, vectors, target), sums[number])


def test_a_planted_neuron_is_found() -> None:
    stream, activations, vectors, targets = layer(1, sentences=50, neurons=200, size=64, targets=1)
    activations[:, 17] = 2.0
    vectors[17] = targets[0]
    sums, _ = score_sums(stream, activations, vectors, targets)
    assert int(sums[0].argmax()) == 17
    activations[:, 17] = -2.0
    sums, _ = score_sums(stream, activations, vectors, targets)
    assert int(sums[0].argmin()) == 17


def test_a_silent_neuron_and_a_zero_value_vector_score_exactly_nothing() -> None:
    stream, activations, vectors, targets = layer(2)
    activations[:, 3] = 0.0
    vectors[4] = 0.0
    for total in score_sums(stream, activations, vectors, targets):
        assert total[:, [3, 4]].abs().max() == 0


def test_a_stream_of_length_zero_counts_as_cosine_zero() -> None:
    stream, activations, vectors, targets = layer(3)
    stream[2] = 0.0
    activations[2, 5] = 0.0
    sums, squares = score_sums(stream, activations, vectors, targets)
    products = layer_products(stream, activations, vectors)
    for number, target in enumerate(targets):
        expected = slow.scores(stream, activations, vectors, target)
        torch.testing.assert_close(sums[number], expected.sum(dim=0), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(squares[number], expected.square().sum(dim=0), rtol=1e-5, atol=1e-5)
        single, _ = score_sum(products, activations, stream, target, vectors)
        torch.testing.assert_close(single, expected.sum(dim=0), rtol=1e-5, atol=1e-5)


def test_a_target_of_length_zero_gives_nan_and_spoils_no_other() -> None:
    stream, activations, vectors, targets = layer(4)
    targets[1] = 0.0
    sums, squares = score_sums(stream, activations, vectors, targets)
    assert bool(sums[1].isnan().all())
    assert bool(squares[1].isnan().all())
    assert bool(sums[[0, 2]].isfinite().all())
    products = layer_products(stream, activations, vectors)
    assert bool(score_sum(products, activations, stream, targets[1], vectors)[0].isnan().all())


def test_a_write_that_cancels_the_stream_gives_a_finite_number() -> None:
    stream, activations, vectors, targets = layer(6, sentences=1)
    vectors[0], activations[0, 0] = -stream[0], 1.0
    sums, squares = score_sums(stream, activations, vectors, targets)
    assert bool(sums.isfinite().all())
    assert bool(squares.isfinite().all())
    assert sums.abs().max() < 3


def test_one_sentence_has_no_spread() -> None:
    sums, squares = score_sums(*layer(8, sentences=1))
    torch.testing.assert_close(squares, sums.square(), rtol=1e-4, atol=1e-9)


def test_no_sentence_sums_to_nothing() -> None:
    stream, activations, vectors, targets = layer(8)
    sums, squares = score_sums(stream[:0], activations[:0], vectors, targets)
    assert sums.abs().max() == 0
    assert squares.abs().max() == 0


def test_value_vectors_may_come_in_half_precision() -> None:
    stream, activations, vectors, targets = layer(8)
    halved = vectors.bfloat16()
    torch.testing.assert_close(
        score_sums(stream, activations, halved, targets)[0], score_sums(stream, activations, halved.float(), targets)[0]
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.01, 100))
def test_rotation_and_scale_change_nothing(seed: int, factor: float) -> None:
    stream, activations, vectors, targets = layer(seed)
    rotation = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(seed + 1)))[0]
    plain, _ = score_sums(stream, activations, vectors, targets)
    turned, _ = score_sums(stream @ rotation, activations, vectors @ rotation, targets @ rotation)
    scaled, _ = score_sums(stream * factor, activations * factor, vectors, targets / factor)
    torch.testing.assert_close(turned, plain, rtol=1e-3, atol=2e-4)
    torch.testing.assert_close(scaled, plain, rtol=1e-3, atol=2e-4)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_squares_are_never_below_what_the_sum_demands(seed: int) -> None:
    sums, squares = score_sums(*layer(seed, sentences=4))
    assert bool((squares * 4 >= sums.square() * (1 - 1e-12)).all())
