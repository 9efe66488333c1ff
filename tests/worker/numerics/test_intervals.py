"""Bootstrap intervals against their definition, resample by resample."""

import math
import random

import pytest
import torch

from worker.numerics.intervals import bootstrap_ratio


def test_the_interval_is_that_of_a_slow_bootstrap() -> None:
    rng = random.Random(3)
    weights = [rng.randint(1, 9) for _ in range(60)]
    sums = [weight * rng.gauss(2.0, 0.5) for weight in weights]
    value, low, high = bootstrap_ratio(torch.tensor(sums), torch.tensor(weights, dtype=torch.float64), seed=1)
    slow = []
    for _ in range(4000):
        drawn = [rng.randrange(60) for _ in range(60)]
        slow.append(sum(sums[one] for one in drawn) / sum(weights[one] for one in drawn))
    slow.sort()
    assert value == pytest.approx(sum(sums) / sum(weights), rel=1e-6)
    assert low == pytest.approx(slow[100], abs=0.02)
    assert high == pytest.approx(slow[3899], abs=0.02)


def test_the_same_seed_gives_the_same_interval_and_one_unit_none() -> None:
    sums, weights = torch.rand(10), torch.ones(10)
    assert bootstrap_ratio(sums, weights, 7) == bootstrap_ratio(sums, weights, 7)
    value, low, high = bootstrap_ratio(sums[:1], weights[:1], 7)
    assert value == pytest.approx(float(sums[0]))
    assert math.isnan(low)
    assert math.isnan(high)
