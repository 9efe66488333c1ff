"""The quick layout of thin products: the same sums, and nothing left behind."""

import pytest
import torch
from torch import nn

from worker.model.thin import FEW, FewRows

CPU = torch.device("cpu")


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(24, 40), nn.Linear(40, 8, bias=False)).to(torch.float64)


@pytest.mark.parametrize("rows", [1, *FEW, 40])
def test_the_same_sums(rows: int) -> None:
    model, x = network(), torch.randn(rows, 1, 24, dtype=torch.float64)
    plain = model(x)
    with FewRows(model, rows, CPU).quick():
        changed = ["forward" in vars(layer) for layer in model]
        quick = model(x)
    assert changed == [rows in FEW] * 2
    torch.testing.assert_close(quick, plain, rtol=0, atol=1e-14)
    assert not any("forward" in vars(layer) for layer in model)


def test_nothing_stays_when_the_pass_fails() -> None:
    model = network()
    with pytest.raises(RuntimeError), FewRows(model, 3, CPU).quick():
        model(torch.randn(3, 1, 7, dtype=torch.float64))
    assert not any("forward" in vars(layer) for layer in model)


def test_hooks_are_still_called() -> None:
    model, seen = network(), []
    handle = model[1].register_forward_pre_hook(lambda _module, args: seen.append(args[0].shape))
    with FewRows(model, 3, CPU).quick():
        model(torch.randn(3, 1, 24, dtype=torch.float64))
    handle.remove()
    assert seen == [torch.Size([3, 1, 40])]
