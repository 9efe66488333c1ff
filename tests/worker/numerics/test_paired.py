"""Exact McNemar and paired bootstrap, against their definitions written slowly."""

from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pytest
import torch

from worker.numerics.paired import bootstrap_difference, mcnemar


def slow_mcnemar(first: list[int], second: list[int]) -> Fraction:
    b = sum(one > other for one, other in zip(first, second, strict=True))
    c = sum(one < other for one, other in zip(first, second, strict=True))
    n = b + c
    return sum((Fraction(comb(n, k), 2**n) for k in range(n + 1) if abs(2 * k - n) >= abs(b - c)), Fraction(0))


@pytest.mark.parametrize("seed", range(6))
def test_mcnemar_is_the_exact_binomial_test(seed: int) -> None:
    generator = np.random.default_rng(seed)
    first, second = (generator.integers(0, 2, 25 + seed) for _ in range(2))
    found = mcnemar(torch.tensor(first, dtype=torch.float64), torch.tensor(second, dtype=torch.float64))
    assert found == pytest.approx(float(slow_mcnemar(first.tolist(), second.tolist())), rel=1e-12)


def test_equal_answers_differ_by_chance() -> None:
    ones = torch.ones(5, dtype=torch.float64)
    assert mcnemar(ones, ones) == 1.0
    assert mcnemar(ones, torch.zeros(5, dtype=torch.float64)) == pytest.approx(2 / 32)


def test_the_interval_is_that_of_all_possible_resamples() -> None:
    first, second = [1.0, 0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0, 0.5]
    differences = [one - other for one, other in zip(first, second, strict=True)]
    every = sorted(sum(differences[i] for i in drawn) / 5 for drawn in product(range(5), repeat=5))
    low, high = np.quantile(np.array(every), [0.025, 0.975])
    found = bootstrap_difference(torch.tensor([first]), torch.tensor([second]), seed=1, resamples=20_000)
    assert found[0] == pytest.approx(sum(differences) / 5)
    assert found[1:] == pytest.approx((low, high), abs=0.021), "one step of 1/10 in 5 is 0.02"


def test_draws_are_resampled_as_well() -> None:
    """Two draws that differ by 1 and questions that do not differ: the mean of two drawn draws is 0, .5 or 1."""
    controls = torch.stack([torch.zeros(50), torch.ones(50)])
    value, low, high = bootstrap_difference(controls, torch.zeros(1, 50), seed=0)
    assert (value, low, high) == (0.5, 0.0, 1.0)


def test_the_seed_decides_and_one_question_has_no_interval() -> None:
    values = torch.rand(1, 30, generator=torch.Generator().manual_seed(0))
    zeros = torch.zeros(1, 30)
    assert bootstrap_difference(values, zeros, 3) == bootstrap_difference(values, zeros, 3)
    assert bootstrap_difference(values, zeros, 3) != bootstrap_difference(values, zeros, 4)
    value, low, high = bootstrap_difference(values[:, :1], zeros[:, :1], 0)
    assert value == pytest.approx(float(values[0, 0]))
    assert low != low
    assert high != high
