"""Rates, means per token and the best neurons against their definitions."""

import math

import pytest
import torch

from worker.numerics.measures import mean_per_token, rate


def test_a_rate_is_the_share_of_known_marks_over_prompts_that_have_some():
    nan = math.nan
    marks = torch.tensor([[1, 0, nan, 1], [1, nan, nan, 0]], dtype=torch.float64)
    found = rate(marks, 0)
    assert found is not None
    value, low, high, count = found
    assert value == pytest.approx(3 / 5)
    assert count == 3
    assert 0 <= low <= value <= high <= 1
    assert rate(torch.full((2, 3), nan), 0) is None
    single = rate(torch.ones(2, 1), 0)
    assert single is not None
    assert math.isnan(single[1])  # one prompt has no interval


def test_a_mean_per_token_weighs_sentences_by_their_tokens():
    sums = torch.tensor([[2.0, 9.0], [4.0, 3.0]])
    value, low, high, count = mean_per_token(sums, torch.tensor([1.0, 3.0]), 0)
    assert value == pytest.approx((3.0 + 6.0) / 4)
    assert (low, high) == pytest.approx((2.0, 3.0))
    assert count == 2
