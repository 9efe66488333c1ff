"""Which layers hold candidates of which type."""

import pytest
import torch

from worker.numerics.candidates import split_at_fraction, split_at_gap


@pytest.mark.parametrize(("layers", "split"), [(32, 20), (40, 25), (8, 5), (6, 4), (2, 1), (1, 1)])
def test_the_default_fraction(layers: int, split: int) -> None:
    assert split_at_fraction(layers) == split


@pytest.mark.parametrize("fraction", [0.001, 0.999])
def test_both_sides_keep_a_layer(fraction: float) -> None:
    assert split_at_fraction(12, fraction) in (1, 11)


def test_the_gap_splits_after_its_largest_level() -> None:
    assert split_at_gap(torch.tensor([0.1, 0.2, 0.6, 0.3, 0.1])) == 2
    assert split_at_gap(torch.tensor([0.9, 0.2, 0.1])) == 1
    assert split_at_gap(torch.tensor([0.1, 0.2, 0.9])) == 1
    assert split_at_gap(torch.tensor([float("nan"), 0.2, 0.3, 0.1])) == 2


def test_an_undefined_gap_is_refused() -> None:
    with pytest.raises(ValueError, match="undefined at every level"):
        split_at_gap(torch.full((4,), float("nan")))
