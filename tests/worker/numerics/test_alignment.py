"""Alignment against its slow definitions, planted structure, chance levels and invariances."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.worker.numerics import slow_definitions as slow
from worker.numerics import alignment
from worker.numerics.alignment import (
    centroid_cosine,
    dimension,
    language_accuracy,
    mutual_knn,
    mutual_knn_chance,
    pair_similarity,
    participation_ratio,
    pivot_distance,
    retrieval,
    spectrum,
)


def pairs(seed: int, size: int = 24, width: int = 6, noise: float = 0.8) -> tuple[Tensor, Tensor]:
    """Translations: the same meaning, a language's own offset, and noise."""
    random = torch.Generator().manual_seed(seed)
    meaning, offset = torch.randn(size, width, generator=random), torch.randn(2, width, generator=random)
    first = meaning + noise * torch.randn(size, width, generator=random) + offset[0]
    return first, meaning + noise * torch.randn(size, width, generator=random) + offset[1]


@pytest.fixture(params=[2**23, 60], ids=["one block", "many blocks"])
def _blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "_BLOCK_ENTRIES", request.param)


def test_centroid_cosines_and_distances() -> None:
    centroids = torch.tensor([[3.0, 4.0], [6.0, 8.0], [-4.0, 3.0], [0.0, 0.0]])
    cosines = centroid_cosine(centroids)
    torch.testing.assert_close(cosines[:3, :3], torch.tensor([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]]))
    assert cosines[3].tolist() == [0, 0, 0, 0]
    found = pivot_distance(centroids)
    torch.testing.assert_close(found.cosine, torch.tensor([1.0, 1.0, 0.0, 0.0]))
    torch.testing.assert_close(found.relative, torch.tensor([0.0, 5 / 7.5, 50**0.5 / 5, 2.0]))
    assert pivot_distance(centroids, pivot=2).relative[2] == 0


@pytest.mark.parametrize("seed", range(3))
def test_pair_similarity_is_the_mean_over_all_pairs(seed: int) -> None:
    first, second = pairs(seed)
    found = pair_similarity(first, second)
    own = [slow.cosine(one, two) for one, two in zip(first, second, strict=True)]
    assert found.parallel == pytest.approx(sum(own) / len(own), abs=1e-10)
    assert found.nonparallel == pytest.approx(slow.non_parallel_similarity(first, second), abs=1e-10)
    assert found.gap == pytest.approx(found.parallel - found.nonparallel)


def test_centring_takes_away_what_all_states_share() -> None:
    first, second = (part + 1000 for part in pairs(1))
    assert pair_similarity(first, second).gap < 1e-4
    assert pair_similarity(first, second, centred=True).gap > 0.3


def test_similarity_of_a_single_pair_has_nothing_to_compare_with() -> None:
    found = pair_similarity(torch.ones(1, 3), torch.ones(1, 3))
    assert found.parallel == pytest.approx(1)
    assert math.isnan(found.gap)
    assert math.isnan(pair_similarity(torch.ones(0, 3), torch.ones(0, 3)).parallel)


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("k", [1, 3, 23, 50])
def test_mutual_knn_is_its_definition(k: int, centred: bool) -> None:
    first, second = pairs(2)
    one, two = ((part - part.mean(dim=0) if centred else part).double() for part in (first, second))
    expected = slow.mutual_knn(one, two, min(k, 23))
    assert mutual_knn(first, second, k, centred=centred) == pytest.approx(expected)


@pytest.mark.parametrize("k", [1, 5, 10])
def test_mutual_knn_of_unrelated_states_is_at_its_chance_level(k: int) -> None:
    random = torch.Generator().manual_seed(k)
    unrelated = [
        mutual_knn(torch.randn(41, 8, generator=random), torch.randn(41, 8, generator=random), k) for _ in range(150)
    ]
    assert sum(unrelated) / len(unrelated) == pytest.approx(mutual_knn_chance(41, k), abs=0.012)
    assert mutual_knn_chance(41, k) == k / 40


def test_mutual_knn_needs_two_pairs() -> None:
    assert math.isnan(mutual_knn(torch.ones(1, 2), torch.ones(1, 2), 5))
    assert math.isnan(mutual_knn_chance(1, 5))
    assert mutual_knn_chance(4, 9) == 1


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize("centred", [False, True])
def test_retrieval_is_its_definition_in_both_directions(centred: bool) -> None:
    pivot, language = pairs(3)
    found = retrieval(pivot, language, centred=centred)
    one, two = (part.double() - (part.double().mean(dim=0) if centred else 0) for part in (pivot, language))
    assert found.to_pivot == pytest.approx(slow.retrieval(two, one))
    assert found.from_pivot == pytest.approx(slow.retrieval(one, two))


def test_centring_repairs_retrieval_across_an_offset_between_languages() -> None:
    pivot, language = pairs(4, size=100, width=16, noise=0.3)
    language = language + 20
    assert retrieval(pivot, language).to_pivot < 0.5
    assert retrieval(pivot, language, centred=True) == (1.0, 1.0)


def test_retrieval_by_chance() -> None:
    random = torch.Generator().manual_seed(0)
    found = [retrieval(*torch.randn(2, 10, 8, generator=random)) for _ in range(400)]
    assert sum(hit.to_pivot for hit in found) / 400 == pytest.approx(0.1, abs=0.015)
    assert sum(hit.from_pivot for hit in found) / 400 == pytest.approx(0.1, abs=0.015)


def test_equal_states_retrieve_nothing_and_a_single_pair_says_nothing() -> None:
    assert retrieval(torch.ones(6, 3), torch.ones(6, 3)) == (0, 0)
    assert math.isnan(retrieval(torch.ones(1, 3), torch.ones(1, 3)).to_pivot)


def test_languages_apart_are_told_apart() -> None:
    random = torch.Generator().manual_seed(0)
    states = [torch.randn(60, 8, generator=random) + 4 * torch.eye(8)[number] for number in range(3)]
    groups = [torch.arange(60)] * 3
    assert language_accuracy(states, groups, seed=1) > 0.95
    assert language_accuracy([part + 1000 for part in states], groups, seed=1) > 0.95


def test_languages_that_coincide_are_at_chance_because_sentences_are_held_out() -> None:
    random = torch.Generator().manual_seed(0)
    found = [
        # in many dimensions each sentence lies nearest to a centroid that it is part of
        language_accuracy([torch.randn(20, 200, generator=random) for _ in range(4)], [torch.arange(20)] * 4, seed=seed)
        for seed in range(60)
    ]
    assert sum(found) / len(found) == pytest.approx(0.25, abs=0.03)


def test_each_language_counts_the_same_for_the_accuracy() -> None:
    random = torch.Generator().manual_seed(0)
    small, large = torch.randn(10, 2, generator=random), torch.randn(1000, 2, generator=random)
    small[:, 0] += 50
    states, groups = [small, large, large.clone()], [torch.arange(10), torch.arange(1000), torch.arange(1000)]
    assert language_accuracy(states, groups, seed=0) == pytest.approx(2 / 3, abs=0.05)


def test_accuracy_needs_sentences_of_each_language_in_both_folds() -> None:
    assert math.isnan(language_accuracy([torch.ones(1, 2), torch.ones(4, 2)], [torch.arange(1), torch.arange(4)], 0))


@pytest.mark.parametrize(("size", "width"), [(9, 30), (30, 9)])
@pytest.mark.parametrize("centred", [True, False])
def test_the_spectrum_is_that_of_the_singular_values(size: int, width: int, centred: bool) -> None:
    states = torch.randn(size, width, generator=torch.Generator().manual_seed(0)) + 2
    exact = states.double() - (states.double().mean(dim=0) if centred else 0)
    torch.testing.assert_close(
        spectrum(states, centred=centred), torch.linalg.svdvals(exact).square(), atol=1e-10, rtol=1e-9
    )


def test_dimension_of_a_planted_subspace() -> None:
    random = torch.Generator().manual_seed(0)
    states = torch.randn(400, 7, generator=random) @ torch.linalg.qr(torch.randn(50, 7, generator=random))[0].T + 5
    variances = spectrum(states)
    assert dimension(variances, 0.999) == 7
    assert dimension(variances, 0.9) in (6, 7)
    assert 6 < participation_ratio(variances) <= 7
    assert dimension(spectrum(states, centred=False), 0.5) == 1  # the mean direction swallows the uncentred one


def test_dimension_counts_components() -> None:
    variances = torch.tensor([0.5, 0.4, 0.06, 0.04], dtype=torch.float64)
    assert [dimension(variances, share) for share in (0.5, 0.51, 0.9, 0.95, 0.97, 1.0)] == [1, 2, 2, 3, 4, 4]
    assert participation_ratio(torch.ones(5, dtype=torch.float64)) == pytest.approx(5)


def test_equal_states_have_no_dimension() -> None:
    variances = spectrum(torch.full((6, 4), 0.1))
    assert dimension(variances, 0.9) == 0
    assert math.isnan(participation_ratio(variances))
    assert dimension(spectrum(torch.ones(1, 4)), 0.9) == 0


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.01, 100))
def test_rotation_and_scale_change_nothing(seed: int, factor: float) -> None:
    first, second = pairs(seed)
    turn = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(seed)))[0] * factor
    one, two = first @ turn, second @ turn
    plain, turned = pair_similarity(first, second), pair_similarity(one, two)
    assert turned.gap == pytest.approx(plain.gap, abs=1e-5)
    assert mutual_knn(one, two, 3) == pytest.approx(mutual_knn(first, second, 3), abs=0.05)
    assert retrieval(one, two).to_pivot == pytest.approx(retrieval(first, second).to_pivot, abs=0.05)
    assert participation_ratio(spectrum(one)) == pytest.approx(participation_ratio(spectrum(first)), rel=1e-4)
    torch.testing.assert_close(
        centroid_cosine(torch.stack([one[0], two[0]])),
        centroid_cosine(torch.stack([first[0], second[0]])),
        rtol=1e-4,
        atol=1e-5,
    )
