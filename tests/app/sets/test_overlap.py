"""Overlap of sets: against exact rational arithmetic, against enumeration, and against a simulation."""

import math
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sets.overlap import Chance, chance, hypergeometric, jaccard


def exact_law(population: int, left: int, right: int) -> dict[int, Fraction]:
    """P(k) from binomials, in rational numbers."""
    whole = math.comb(population, right)
    return {
        k: Fraction(math.comb(left, k) * math.comb(population - left, right - k), whole)
        for k in range(max(0, left + right - population), min(left, right) + 1)
    }


def exact_sum(laws: list[dict[int, Fraction]]) -> dict[int, Fraction]:
    """The law of the sum of independent numbers."""
    found = {0: Fraction(1)}
    for law in laws:
        both: dict[int, Fraction] = {}
        for a, p in found.items():
            for b, q in law.items():
                both[a + b] = both.get(a + b, Fraction(0)) + p * q
        found = both
    return found


def log10(value: Fraction) -> float:
    """log10 of a rational number, however small."""
    return math.log10(value.numerator) - math.log10(value.denominator)


def asked(strata: list[tuple[int, int, int]], both: int) -> Chance:
    population, left, right = (np.array(column, np.int64) for column in zip(*strata, strict=True))
    return chance(population, left, right, both)


def test_jaccard_equals_its_definition() -> None:
    a, b = {1, 2, 3, 4}, {3, 4, 5}
    assert jaccard(len(a & b), len(a), len(b)) == len(a & b) / len(a | b) == 0.4
    assert jaccard(0, 0, 0) == 0.0
    assert jaccard(4, 4, 4) == 1.0


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(0, n))))
def test_the_law_equals_binomials(sizes: tuple[int, int, int]) -> None:
    law, exact = hypergeometric(*sizes), exact_law(*sizes)
    assert law.values.tolist() == sorted(exact)
    np.testing.assert_allclose(np.exp(law.logs), [float(exact[k]) for k in sorted(exact)], rtol=1e-12)
    assert law.mean() == pytest.approx(sizes[1] * sizes[2] / sizes[0], abs=1e-12)


def test_the_law_equals_counting_every_choice() -> None:
    left = {0, 1, 2, 3}
    counts = np.bincount([len(left & set(right)) for right in combinations(range(9), 3)], minlength=4)
    np.testing.assert_allclose(np.exp(hypergeometric(9, 4, 3).logs), counts / counts.sum(), rtol=1e-13)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.integers(1, 12).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(0, n))),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 100),
)
def test_chance_within_layers_equals_rational_arithmetic(strata: list[tuple[int, int, int]], pick: int) -> None:
    exact = exact_sum([exact_law(*sizes) for sizes in strata])
    left, right = sum(one[1] for one in strata), sum(one[2] for one in strata)
    both = sorted(exact)[pick % len(exact)]
    found = asked(strata, both)
    assert found.shared == pytest.approx(float(sum(k * p for k, p in exact.items())), abs=1e-9)
    expected = sum((p * jaccard_exact(k, left, right) for k, p in exact.items()), Fraction(0))
    assert found.jaccard == pytest.approx(float(expected), abs=1e-9)
    tail = sum((p for k, p in exact.items() if k >= both), Fraction(0))
    assert found.log10_p == pytest.approx(log10(tail), abs=1e-8)


def jaccard_exact(both: int, left: int, right: int) -> Fraction:
    return Fraction(both, left + right - both) if left + right - both else Fraction(0)


@pytest.mark.parametrize("strata", [[(172_032, 300, 260)], [(14_336, 200, 150), (14_336, 30, 90), (14_336, 70, 50)]])
@pytest.mark.parametrize("both", [0, 3, 60, 200, 230])
def test_tiny_probabilities_keep_their_precision(strata: list[tuple[int, int, int]], both: int) -> None:
    counts, whole = [1], 1
    for population, left, right in strata:
        own = [math.comb(left, k) * math.comb(population - left, right - k) for k in range(min(left, right) + 1)]
        counts = [
            sum(counts[i] * own[k - i] for i in range(max(0, k - len(own) + 1), min(k, len(counts) - 1) + 1))
            for k in range(len(counts) + len(own) - 1)
        ]
        whole *= math.comb(population, right)
    exact = math.log10(sum(counts[both:])) - math.log10(whole)
    assert asked(strata, both).log10_p == pytest.approx(exact, rel=1e-9, abs=1e-9)


def test_chance_equals_a_simulation() -> None:
    rng = np.random.default_rng(5)
    strata = [(300, 40, 25), (300, 10, 60), (300, 0, 15)]
    shared = np.zeros(20_000)
    for population, left, right in strata:
        shared += rng.hypergeometric(left, population - left, right, len(shared))
    found = asked(strata, 9)
    unions = 50 + 100 - shared
    assert found.shared == pytest.approx(shared.mean(), abs=4 * shared.std() / len(shared) ** 0.5)
    share = shared / unions
    assert found.jaccard == pytest.approx(share.mean(), abs=4 * share.std() / len(shared) ** 0.5)
    p = (shared >= 9).mean()
    assert 10**found.log10_p == pytest.approx(p, abs=4 * (p * (1 - p) / len(shared)) ** 0.5)


def test_borders() -> None:
    assert asked([(10, 0, 5)], 0).log10_p == 0.0
    assert asked([(10, 10, 10)], 10) == asked([(10, 10, 10), (5, 0, 0)], 10)
    assert asked([(10, 10, 10)], 10).jaccard == pytest.approx(1.0)
    assert asked([(10, 3, 3)], 4).log10_p == -math.inf
    assert asked([(10, 3, 3), (10, 2, 2)], 6).log10_p == -math.inf
    assert asked([(10, 3, 3), (10, 2, 2)], 5).log10_p == pytest.approx(-math.log10(120 * 45))
    with pytest.raises(ValueError, match="no sets of 11 and 2 among 10"):
        hypergeometric(10, 11, 2)
