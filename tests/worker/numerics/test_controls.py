"""Layer-matched random draws."""

import numpy as np
import pytest

from app.errors import BadInput
from worker.numerics.controls import matched, matched_by_size

SET = {2: [1, 5, 7], 0: [3], 4: []}


def test_every_draw_matches_the_layers_and_avoids_the_set() -> None:
    draws = matched(SET, 12, 40, seed=3)
    assert len(draws) == 40
    for draw in draws:
        assert {layer: len(found) for layer, found in draw.items()} == {0: 1, 2: 3}
        assert not set(draw[2]) & {1, 5, 7}
        assert 3 not in draw[0]
        assert sorted(set(draw[2])) == draw[2].tolist()
        assert 0 <= draw[2].min() <= draw[2].max() < 12


def test_every_other_neuron_is_equally_likely() -> None:
    counts = np.zeros(12)
    for draw in matched({2: [1, 5, 7]}, 12, 3000, seed=0):
        counts[draw[2]] += 1
    others = [n for n in range(12) if n not in (1, 5, 7)]
    assert counts[[1, 5, 7]].tolist() == [0, 0, 0]
    expected = 3000 * 3 / 9
    assert np.abs(counts[others] - expected).max() < 5 * np.sqrt(expected * (1 - 3 / 9))


def test_a_seed_repeats_and_nothing_else_changes_a_draw() -> None:
    one = matched(SET, 12, 5, seed=3)
    more = matched({2: [1, 5, 7]}, 12, 9, seed=3)
    assert all(np.array_equal(one[k][2], more[k][2]) for k in range(5))
    assert any(not np.array_equal(one[k][2], found[2]) for k, found in enumerate(matched(SET, 12, 5, seed=4)))
    assert not np.array_equal(one[0][2], one[1][2])


def test_too_large_a_set_is_told() -> None:
    with pytest.raises(BadInput, match="Layer 1 has 4 neurons and the set takes 3"):
        matched({1: [0, 1, 2]}, 4, 1, seed=0)


def test_matched_by_size_every_draw_is_as_large_as_the_set() -> None:
    sizes = {2: np.random.default_rng(0).lognormal(sigma=2, size=2000)}
    chosen = np.argsort(sizes[2])[-200::2]  # every other one of the 200 largest
    draws = matched_by_size({2: chosen}, sizes, 5, seed=1)
    plain = matched({2: chosen}, 2000, 5, seed=1)
    rank = np.argsort(np.argsort(sizes[2]))
    for found, loose in zip(draws, plain, strict=True):
        assert len(set(found[2].tolist())) == 100
        assert not set(found[2].tolist()) & set(chosen.tolist())
        assert abs(np.median(rank[found[2]]) - np.median(rank[chosen])) < 60
        assert abs(np.median(rank[loose[2]]) - np.median(rank[chosen])) > 600
    again = matched_by_size({2: chosen}, sizes, 3, seed=1)
    assert np.array_equal(again[2][2], draws[2][2])
    with pytest.raises(BadInput, match="Layer 1 has 4 neurons and the set takes 3"):
        matched_by_size({1: [0, 1, 2]}, {1: np.ones(4)}, 1, seed=0)
