"""Sorted keys: any float32 sorts as a plain sort has it, and every row is found again by its mark."""

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import BadInput
from app.neurons.orders import OrderCache, mark_key, page_keys, row_indices, row_keys, row_mark

SMALLEST = float(np.float32(1e-45))
VALUES = st.lists(st.floats(width=32) | st.sampled_from([0.0, -0.0, math.nan, SMALLEST, 0.25]), max_size=60)


def plain_order(values: list[float], *, descending: bool) -> list[int]:
    """Missing last, then by value, then by place."""
    sign = -1 if descending else 1
    return sorted(
        range(len(values)), key=lambda i: (math.isnan(values[i]), 0 if math.isnan(values[i]) else sign * values[i], i)
    )


@settings(deadline=None)
@given(VALUES, st.booleans())
def test_keys_sort_as_a_plain_sort(values: list[float], descending: bool) -> None:
    keys = row_keys(np.array(values, np.float32), np.arange(len(values)), descending=descending)
    assert row_indices(np.sort(keys)).tolist() == plain_order(values, descending=descending)


@settings(deadline=None)
@given(st.floats(width=32), st.integers(0, 99), st.integers(0, 28_671), st.booleans())
def test_a_mark_names_its_row_exactly(value: float, layer: int, neuron: int, descending: bool) -> None:
    key = row_keys(np.array([value], np.float32), np.array([layer * 28_672 + neuron]), descending=descending)[0]
    mark = row_mark(float(np.float32(value)), layer, neuron)
    assert len(mark) <= 60
    assert mark_key(mark, 28_672, descending=descending) == key


@pytest.mark.parametrize(
    "mark", ["x", "1~2", "1~2~3~4", "a~1~2", "1~b~2", "1~-1~0", "1~99999999999~1", "~~", "1~1~1e3"]
)
def test_what_is_no_mark_is_refused_in_a_sentence(mark: str) -> None:
    with pytest.raises(BadInput, match=r"\.$"):
        mark_key(mark, 100, descending=True)


def test_a_value_beyond_float32_is_infinity() -> None:
    assert mark_key("1e300~1~2", 10, descending=False) == mark_key("inf~1~2", 10, descending=False)


def test_the_cache_keeps_what_was_used_last_within_its_bytes() -> None:
    cache = OrderCache(max_bytes=250)
    made: list[str] = []

    def make(name: str) -> np.ndarray:
        made.append(name)
        return np.zeros(100, np.uint8)

    for name in "aabacab":  # c pushes b out, the second b makes it again
        cache.get(name, partial(make, name))
    assert made == ["a", "b", "c", "b"]


def test_cached_orders_cannot_be_written() -> None:
    found = OrderCache(1000).get("a", lambda: np.zeros(3, np.uint64))
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 1


def test_an_order_larger_than_the_cache_is_made_each_time() -> None:
    cache = OrderCache(max_bytes=10)
    first, second = (cache.get("a", partial(np.zeros, 100, np.uint8)) for _ in range(2))
    assert first is not second


@pytest.mark.parametrize("size", [0, 1, 6, 7, 8, 40])
def test_a_page_is_a_slice_of_the_sorted_keys(size: int) -> None:
    values = np.random.default_rng(size).integers(0, 9, size).astype(np.float32)  # many ties
    keys = row_keys(values, np.arange(size, dtype=np.int64), descending=True)
    ordered = np.sort(keys)
    page, ahead = page_keys(keys, 7, after=None, before=None)
    assert (page.tolist(), ahead) == (ordered[:7].tolist(), 0)
    for place, key in enumerate(ordered):
        page, ahead = page_keys(keys, 7, after=key, before=None)
        assert (page.tolist(), ahead) == (ordered[place + 1 : place + 8].tolist(), place + 1)
        page, ahead = page_keys(keys, 7, after=None, before=key)
        start = max(0, place - 7)
        assert (page.tolist(), ahead) == (ordered[start : start + 7].tolist(), start)
