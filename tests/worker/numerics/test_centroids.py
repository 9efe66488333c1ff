"""Centroids in float64, and folds that need no agreement."""

import pytest
import torch

from worker.numerics.centroids import centroid, fold_of, mean_of_languages, midpoint


def test_a_centroid_is_the_mean_even_of_many_large_states() -> None:
    states = torch.randn(50_000, 3, generator=torch.Generator().manual_seed(0)) + 1000
    exact = states.double().mean(dim=0)
    assert centroid(states).dtype == torch.float32
    torch.testing.assert_close(centroid(states), exact.float(), rtol=0, atol=0)


def test_one_state_is_its_own_centroid_and_none_is_refused() -> None:
    assert centroid(torch.ones(1, 2)).tolist() == [1, 1]
    with pytest.raises(ValueError, match="at least one"):
        centroid(torch.ones(0, 2))


def test_the_midpoint_is_the_mean_of_the_pairs_midpoints() -> None:
    random = torch.Generator().manual_seed(1)
    pivot, language = torch.randn(9, 4, generator=random), torch.randn(9, 4, generator=random)
    torch.testing.assert_close(midpoint(pivot, language), ((pivot + language) / 2).mean(dim=0))


def test_languages_count_the_same() -> None:
    assert mean_of_languages(torch.tensor([[0.0, 3.0], [4.0, 1.0]])).tolist() == [2, 2]


def test_a_fold_depends_on_group_and_seed_alone() -> None:
    groups = torch.arange(1000)
    folds = fold_of(groups, seed=42)
    shuffled = torch.randperm(1000, generator=torch.Generator().manual_seed(3))
    assert torch.equal(fold_of(groups[shuffled], seed=42), folds[shuffled])
    assert torch.equal(fold_of(groups[500:700], seed=42), folds[500:700])
    assert not torch.equal(fold_of(groups, seed=43), folds)


@pytest.mark.parametrize("folds", [2, 3, 5])
def test_folds_are_of_equal_size_and_unrelated_to_order(folds: int) -> None:
    dealt = fold_of(torch.arange(30 * folds), seed=7, folds=folds)
    assert torch.bincount(dealt, minlength=folds).tolist() == [30] * folds
    assert not torch.equal(dealt, torch.arange(30 * folds) % folds)


def test_folds_of_only_even_groups_are_still_dealt() -> None:
    dealt = fold_of(torch.arange(0, 4000, 2), seed=1)
    assert 900 < int(dealt.sum()) < 1100
