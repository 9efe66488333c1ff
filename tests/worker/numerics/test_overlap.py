"""Overlap of neuron sets against definitions written out slowly."""

import math
from itertools import combinations, permutations

import numpy as np
import pytest

from worker.numerics import overlap


def test_the_best_are_the_highest_scores_of_the_layers_asked_for() -> None:
    scores = np.array([[0.1, 9.0, 0.3], [0.5, np.nan, 0.5], [0.2, 0.4, -1.0]])
    assert overlap.best(scores, 3, 1).tolist() == [3, 5, 7]
    assert overlap.best(scores, 2, 0, 1).tolist() == [1, 2]
    assert overlap.best(scores, 1, 1).tolist() == [3], "equal scores: the lower id"
    assert overlap.best(scores, 99, 1).tolist() == [3, 5, 6, 7, 8], "nan is never chosen"
    assert set(overlap.best(scores, 2)) <= set(overlap.best(scores, 3)), "fewer are a part of more"


def test_jaccard_of_every_pair_is_its_definition() -> None:
    sets = [np.array([1, 2, 3]), np.array([3, 4]), np.array([], dtype=np.int64), np.array([], dtype=np.int64)]
    found = overlap.jaccard_matrix(sets)
    for i, j in np.ndindex(4, 4):
        one, other = set(sets[i].tolist()), set(sets[j].tolist())
        wanted = len(one & other) / len(one | other) if one | other else 0.0
        assert found[i, j] == pytest.approx(wanted)


def test_chance_is_the_mean_over_every_possible_pair_of_sets() -> None:
    candidates = range(6)
    found = overlap.chance_matrix([2, 3], 6)
    values = [
        len(set(a) & set(b)) / len(set(a) | set(b))
        for a in combinations(candidates, 2)
        for b in combinations(candidates, 3)
    ]
    assert found[0, 1] == pytest.approx(sum(values) / len(values), rel=1e-6)
    assert found[0, 0] == 1.0


def test_lape_is_its_published_definition() -> None:
    generator = np.random.default_rng(3)
    active = generator.random((3, 2, 40)) * 0.4
    active[1, 1, 7] = 0.99  # planted: one language's alone
    active[[0, 1, 2], 0, 3] = 0.95  # active everywhere: high entropy
    sets, threshold = overlap.lape(active, share=0.05)
    rates = active.reshape(3, 80)
    assert threshold == pytest.approx(np.quantile(rates, 0.95))
    entropy = {}
    for neuron in range(80):
        if max(rates[:, neuron]) > threshold:
            parts = rates[:, neuron] / rates[:, neuron].sum()
            entropy[neuron] = -sum(part * math.log(part) for part in parts if part > 0)
    kept = sorted(entropy, key=lambda neuron: entropy[neuron])[:4]
    for language in range(3):
        assert sets[language].tolist() == sorted(n for n in kept if rates[language, n] > threshold)
    assert 47 in sets[1]
    assert kept[0] == 47


def test_average_linkage_joins_what_is_nearest_and_means_over_pairs() -> None:
    similarity = np.array([[1, 0.8, 0.1, 0.2], [0.8, 1, 0.3, 0.0], [0.1, 0.3, 1, 0.6], [0.2, 0.0, 0.6, 1]])
    found = overlap.cluster(similarity)
    assert {tuple(sorted(row[:2].astype(int))) for row in found.merges[:2]} == {(0, 1), (2, 3)}
    assert found.merges[0, 2] == pytest.approx(0.2)
    assert found.merges[2, 2] == pytest.approx(1 - (0.1 + 0.2 + 0.3 + 0.0) / 4), "mean distance of all pairs"
    assert {frozenset(found.order[:2]), frozenset(found.order[2:])} == {frozenset({0, 1}), frozenset({2, 3})}
    assert found.cophenetic > 0.9
    assert math.isnan(overlap.cluster(np.array([[1, 0.2], [0.2, 1]])).cophenetic)
    with pytest.raises(ValueError, match="two languages"):
        overlap.cluster(np.ones((1, 1)))


def test_the_family_test_counts_shuffles_as_its_definition() -> None:
    similarity = np.array([[1, 0.9, 0.1, 0.2, 0.1], [0.9, 1, 0.1, 0.1, 0.1], [0.1, 0.1, 1, 0.7, 0.2],
                           [0.2, 0.1, 0.7, 1, 0.1], [0.1, 0.1, 0.2, 0.1, 1]])  # fmt: skip
    family = np.array([0, 0, 1, 1, -1])
    found = overlap.kinship_test(similarity, family, 3000, seed=1)
    assert found.within == pytest.approx(0.8)
    assert found.between == pytest.approx((0.1 + 0.2 + 0.1 + 0.1 + 0.1 + 0.1 + 0.2 + 0.1) / 8)
    assert (found.pairs_within, found.pairs_between) == (2, 8)

    def difference(labels: tuple[int, ...]) -> float:
        pairs = list(combinations(range(5), 2))
        same = [float(similarity[i, j]) for i, j in pairs if labels[i] == labels[j] >= 0]
        other = [float(similarity[i, j]) for i, j in pairs if not labels[i] == labels[j] >= 0]
        return sum(same) / len(same) - sum(other) / len(other)

    every = [difference(order) for order in permutations(family.tolist())]
    exact = sum(one >= difference(tuple(family.tolist())) - 1e-9 for one in every) / len(every)
    assert found.p == pytest.approx(exact, abs=0.02)
    assert math.isnan(overlap.kinship_test(similarity, np.arange(5), 100, 1).p), "nobody is related"


def test_agreement_of_detectors_and_chance_in_the_layers_they_share() -> None:
    chosen = {"early": [np.array([0, 1, 2])], "all": [np.array([1, 2, 9])]}
    found, chance = overlap.detector_overlap(chosen, {"early": (0, 1), "all": (0, 3)}, 4)
    assert found[0, 0, 1] == pytest.approx(2 / 4)
    generator = np.random.default_rng(0)
    both = [len(set(generator.choice(4, 3, replace=False)) & set(generator.choice(12, 3, replace=False)))
            for _ in range(4000)]  # fmt: skip
    mean = sum(both) / len(both)
    assert chance[0, 0, 1] == pytest.approx(mean / (6 - mean), rel=0.05)
    assert chance[0, 0, 0] == 1.0
