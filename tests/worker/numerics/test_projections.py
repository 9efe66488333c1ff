"""Maps: seeded, aligned from level to level, in one box, and honest about what they lose."""

import itertools
import math
import statistics
from typing import Literal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import manifold, neighbors
from torch import Tensor

from worker.numerics import projections
from worker.numerics.projections import Bounds, bounds_of, quantise, reduce_states, trustworthiness
from worker.registry import PROJECTIONS, Projected

# UMAP compiles itself in every process, which takes half a minute.
NAMES = [
    pytest.param(method.name, marks=pytest.mark.slow) if method.name == "umap" else method.name
    for method in PROJECTIONS
]


def levels(seed: int, count: int = 3, size: int = 90, width: int = 12) -> list[Tensor]:
    """Three groups of sentences that keep their places while every level turns, moves and grows."""
    random = torch.Generator().manual_seed(seed)
    places = torch.randn(3, width, generator=random) * 4
    states = places[torch.arange(size) % 3] + torch.randn(size, width, generator=random)
    turns = [torch.linalg.qr(torch.randn(width, width, generator=random))[0] for _ in range(count)]
    return [states @ turn * 10.0**level + level for level, turn in enumerate(turns)]


def project(name: str, states: list[Tensor], seed: int = 42) -> Projected:
    method = PROJECTIONS[name]
    return method.run(method.parse({}), states, seed)


def separation(points: Tensor) -> float:
    """Share of the spread that lies between the three groups of `levels`."""
    centres = torch.stack([points[group::3].mean(dim=0) for group in range(3)])
    return float(
        (centres - points.mean(dim=0)).square().sum() * len(points) / 3 / (points - points.mean(dim=0)).square().sum()
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_projection_is_seeded_centred_of_equal_spread_and_shows_the_groups(name: str) -> None:
    states = levels(0)
    found = project(name, states)
    again = project(name, states)
    assert len(found.coordinates) == 3
    for points, same in zip(found.coordinates, again.coordinates, strict=True):
        assert torch.equal(points, same)
        assert points.shape == (90, 2)
        torch.testing.assert_close(points.mean(dim=0), torch.zeros(2), rtol=0, atol=1e-4)
        assert float(points.square().sum(dim=1).mean()) == pytest.approx(1, abs=1e-4)
        assert separation(points) > 0.75


@pytest.mark.parametrize("name", NAMES)
def test_points_hardly_move_between_levels_that_say_the_same(name: str) -> None:
    # Which layout UMAP falls into hangs on the processor's last digits, so of five worlds the middle one counts for it.
    moved = [
        float((after - before).norm(dim=1).mean())
        for world in range(5)
        for before, after in itertools.pairwise(project(name, levels(world)).coordinates)
    ]
    assert statistics.median(moved) < 0.5
    if name == "pca":
        assert max(moved) < 0.02


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_few_or_equal_states_are_drawn_all_the_same(name: str, size: int) -> None:
    random = torch.Generator().manual_seed(0)
    states = [torch.full((size, 6), 3.3), torch.randn(size, 6, generator=random), torch.zeros(size, 6)]
    found = project(name, states).coordinates
    assert [points.shape for points in found] == [(size, 2)] * 3
    assert all(bool(points.isfinite().all()) for points in found)
    assert found[0].abs().max() == 0


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_neighbours_umap_gets_are_the_librarys(metric: Literal["cosine", "euclidean"]) -> None:
    states = levels(3)[0]
    rows, distances = projections._nearest(states, 6, metric)
    library = neighbors.NearestNeighbors(n_neighbors=6, metric=metric).fit(states.numpy())
    expected_distances, expected_rows = library.kneighbors(states.numpy())
    assert rows.tolist() == expected_rows.tolist()
    np.testing.assert_allclose(distances, expected_distances, atol=2e-6)


def test_a_point_is_its_own_first_neighbour_even_among_its_equals() -> None:
    rows, distances = projections._nearest(torch.ones(5, 3), 3, "cosine")
    assert rows[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert distances.max() == 0


@pytest.mark.slow
def test_umap_survives_a_level_of_equal_states_and_duplicates_after_it() -> None:
    random = torch.Generator().manual_seed(0)
    some = torch.randn(20, 6, generator=random).repeat(2, 1)
    found = project("umap", [torch.ones(40, 6), some, some]).coordinates
    assert all(bool(points.isfinite().all()) for points in found)


def test_no_level_is_no_map() -> None:
    assert project("pca", []).coordinates == []
    assert project("umap", []).coordinates == []


def test_pca_says_how_much_variance_it_shows() -> None:
    states = levels(2)[0]
    values = torch.linalg.svdvals(states.double() - states.double().mean(dim=0)).square()
    assert project("pca", [states]).explained == pytest.approx([float(values[:2].sum() / values.sum())])
    assert math.isnan(project("pca", [torch.ones(4, 3)]).explained[0])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_alignment_undoes_a_rotation_or_reflection_of_the_plane(seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    flat = torch.randn(30, 2, generator=random) * torch.tensor([3.0, 1.0])
    turned = flat @ torch.linalg.qr(torch.randn(2, 2, generator=random))[0]
    before, after = project("pca", [flat, turned]).coordinates
    torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("size", "width"), [(60, 20), (20, 60), (700, 600)])
def test_reduced_states_are_the_leading_principal_components(size: int, width: int) -> None:
    random = torch.Generator().manual_seed(0)
    states = torch.randn(size, width, generator=random) * (0.9 ** torch.arange(width)) + 7
    reduced = reduce_states(states, 5, seed=3)
    assert reduced.shape == (size, 5)
    left, values, _ = torch.linalg.svd(states.double() - states.double().mean(dim=0), full_matrices=False)
    expected = (left * values)[:, :5]
    signs = (reduced.double() * expected).sum(dim=0).sign()
    torch.testing.assert_close(reduced.double() * signs, expected, rtol=1e-3, atol=2e-3)
    assert torch.equal(reduce_states(states, 5, seed=3), reduced)


def test_states_that_fit_are_only_turned() -> None:
    states = torch.randn(15, 4, generator=torch.Generator().manual_seed(0))
    reduced = reduce_states(states, 50)
    assert reduced.shape == (15, 4)
    torch.testing.assert_close(torch.cdist(reduced, reduced), torch.cdist(states, states), rtol=1e-3, atol=1e-3)


def test_one_box_holds_all_levels_and_integers_keep_the_places() -> None:
    coordinates = [torch.tensor([[0.0, -1.0], [4.0, 0.0]]), torch.tensor([[-4.0, 1.0], [1.0, 0.3]])]
    bounds = bounds_of(coordinates)
    assert bounds == Bounds(-4, -1, 4, 1)
    first, second = quantise(coordinates, bounds)
    assert first.dtype == torch.int16
    assert first.tolist() == [[0, -32767], [32767, 0]]
    assert second[0].tolist() == [-32767, 32767]
    back = second / 32767 * torch.tensor([4.0, 1.0])
    torch.testing.assert_close(back, coordinates[1], rtol=0, atol=4 / 32767)


def test_what_lies_outside_the_box_is_drawn_on_its_edge_and_a_flat_box_has_a_width() -> None:
    assert quantise([torch.tensor([[9.0, -9.0]])], Bounds(0, 0, 1, 1))[0].tolist() == [[32767, -32767]]
    bounds = bounds_of([torch.zeros(3, 2)])
    assert bounds == Bounds(-0.5, -0.5, 0.5, 0.5)
    assert quantise([torch.zeros(3, 2)], bounds)[0].tolist() == [[0, 0]] * 3


def test_trustworthiness_is_the_librarys_on_all_points_and_seeded_on_a_sample() -> None:
    random = torch.Generator().manual_seed(0)
    states, points = torch.randn(80, 6, generator=random), torch.randn(80, 2, generator=random)
    expected = manifold.trustworthiness(states.numpy(), points.numpy(), n_neighbors=15)
    assert trustworthiness(states, points, seed=0) == pytest.approx(float(expected))
    assert trustworthiness(states, points, seed=1, sample=40) == trustworthiness(states, points, seed=1, sample=40)
    assert trustworthiness(points, points, seed=0) == pytest.approx(1)


@pytest.mark.parametrize("size", [1, 3])
def test_trustworthiness_of_too_few_points_is_unknown(size: int) -> None:
    assert math.isnan(trustworthiness(torch.zeros(size, 3), torch.zeros(size, 2), seed=0))


def test_trustworthiness_of_four_points() -> None:
    points = torch.from_numpy(np.eye(4, dtype=np.float32))
    assert 0 <= trustworthiness(points, points[:, :2], seed=0) <= 1
