"""Sums that merge, the correlation ratio for any grouping, histograms and overlaps."""

import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worker.numerics import slow_definitions as slow
from worker.numerics.statistics import ActivationSums, eta_squared, histogram, jaccard, jaccard_chance


def activations(seed: int, sentences: int, neurons: int = 5) -> torch.Tensor:
    return torch.randn(sentences, neurons, generator=torch.Generator().manual_seed(seed))


def close(first: ActivationSums, second: ActivationSums) -> None:
    assert first.n == second.n
    torch.testing.assert_close(first.total, second.total)
    torch.testing.assert_close(first.squares, second.squares)
    torch.testing.assert_close(first.positive, second.positive, rtol=0, atol=0)


def test_the_moments_are_those_of_the_activations() -> None:
    values = activations(0, 40)
    sums = ActivationSums.of(values)
    torch.testing.assert_close(sums.mean, values.double().mean(dim=0))
    torch.testing.assert_close(sums.sd, values.double().std(dim=0, correction=0))
    torch.testing.assert_close(sums.positive_share, (values > 0).double().mean(dim=0))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), cuts=st.tuples(st.integers(0, 30), st.integers(0, 30)))
def test_shards_merge_in_any_order(seed: int, cuts: tuple[int, int]) -> None:
    low, high = sorted(cuts)
    values = activations(seed, 30)
    one, two, three = (ActivationSums.of(part) for part in (values[:low], values[low:high], values[high:]))
    whole = ActivationSums.of(values)
    close((one + two) + three, whole)
    close(one + (two + three), whole)
    close(three + one + two, whole)


def test_a_large_mean_does_not_swallow_the_spread() -> None:
    values = activations(1, 500) * 1e-3 + 100
    torch.testing.assert_close(
        ActivationSums.of(values).sd, values.double().std(dim=0, correction=0), rtol=1e-5, atol=0
    )


def test_a_constant_neuron_has_no_spread_and_separates_nothing() -> None:
    constant = torch.full((7, 2), 0.1)
    sums = ActivationSums.of(constant)
    assert sums.sd.tolist() == [0, 0]
    assert eta_squared({"ja": sums, "en": sums}, {"ja"}).tolist() == [0, 0]


def test_without_sentences_there_is_no_mean() -> None:
    nothing = ActivationSums.of(torch.empty(0, 2))
    for value in (nothing.mean, nothing.sd, nothing.positive_share):
        assert bool(value.isnan().all())


@pytest.mark.parametrize("own", [{"ja"}, {"ja", "ko"}, {"nl", "it", "en"}])
def test_eta_squared_from_sums_is_the_definition_for_any_grouping(own: set[str]) -> None:
    sizes = {"ja": 10, "nl": 14, "ko": 9, "it": 3, "en": 20}
    values = {name: activations(number, size) + number * 0.3 for number, (name, size) in enumerate(sizes.items())}
    found = eta_squared({name: ActivationSums.of(some) for name, some in values.items()}, own)
    labels = [name in own for name, size in sizes.items() for _ in range(size)]
    for neuron in range(5):
        every = torch.cat([some[:, neuron] for some in values.values()]).tolist()
        assert float(found[neuron]) == pytest.approx(slow.eta_squared(every, labels), rel=1e-10)


def test_eta_squared_of_a_perfect_and_of_an_unrelated_neuron() -> None:
    own, other = torch.zeros(1000, 2), torch.zeros(1000, 2)
    own[:, 0] = 1.0
    own[:, 1], other[:, 1] = activations(1, 1000)[:, 0], activations(2, 1000)[:, 0]
    perfect, unrelated = eta_squared({"ja": ActivationSums.of(own), "en": ActivationSums.of(other)}, {"ja"}).tolist()
    assert perfect == pytest.approx(1)
    assert unrelated < 0.01


def test_eta_squared_needs_two_sides() -> None:
    sums = ActivationSums.of(activations(0, 4))
    for own in ({"ja", "en"}, {"fr"}, set[str]()):
        with pytest.raises(ValueError, match="empty"):
            eta_squared({"ja": sums, "en": sums}, own)


def test_a_histogram_counts_every_sentence_once() -> None:
    values = torch.tensor([[0.0], [0.24], [0.25], [0.99], [1.0], [-5.0], [7.0]])
    counts = histogram(values, torch.tensor([0.0]), torch.tensor([1.0]), 4)
    assert counts.tolist() == [[3, 1, 0, 3]]


def test_a_histogram_agrees_with_the_library_on_every_neuron() -> None:
    values = activations(3, 200, neurons=4)
    low, high = values.amin(dim=0), values.amax(dim=0)
    counts = histogram(values, low, high, 12)
    for neuron in range(4):
        expected = torch.histc(values[:, neuron], 12, float(low[neuron]), float(high[neuron]))
        assert (counts[neuron] - expected).abs().sum() <= 2  # a value on an edge may round to either side
        assert int(counts[neuron].sum()) == 200


def test_histograms_of_shards_add_up_and_a_constant_is_in_the_first_bin() -> None:
    values = activations(4, 50)
    values[:, 2] = 3.0
    low, high = values.amin(dim=0), values.amax(dim=0)
    whole = histogram(values, low, high, 8)
    assert torch.equal(histogram(values[:20], low, high, 8) + histogram(values[20:], low, high, 8), whole)
    assert whole[2].tolist() == [50, 0, 0, 0, 0, 0, 0, 0]


def test_jaccard() -> None:
    assert jaccard([(1, 2), (1, 3)], [(1, 3), (2, 2)]) == pytest.approx(1 / 3)
    assert jaccard([1], [1, 1]) == 1
    assert jaccard([], []) == 0


@pytest.mark.parametrize(
    ("first", "second", "candidates"), [(5, 5, 20), (3, 12, 15), (10, 10, 10), (0, 4, 9), (0, 0, 3)]
)
def test_jaccard_by_chance_is_what_random_sets_give(first: int, second: int, candidates: int) -> None:
    dice = random.Random(1)
    drawn = [
        jaccard(dice.sample(range(candidates), first), dice.sample(range(candidates), second)) for _ in range(4000)
    ]
    assert jaccard_chance(first, second, candidates) == pytest.approx(sum(drawn) / len(drawn), abs=0.01)


def test_jaccard_by_chance_of_the_papers_sets() -> None:
    assert jaccard_chance(1000, 1000, 20 * 14336) == pytest.approx(0.00175, abs=5e-6)
    assert jaccard_chance(1000, 1000, 12 * 14336) == pytest.approx(0.0029, abs=2e-5)


def test_a_set_larger_than_the_candidates_is_refused() -> None:
    with pytest.raises(ValueError, match="A set of 9 does not fit into 4 candidates"):
        jaccard_chance(9, 1, 4)
