"""AUC, average precision and resampled eta squared against definitions written out slowly, in float64."""

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from worker.numerics.separation import ranking, resample_counts, resampled_eta_squared, significant_eta_squared


def slow_auc(values: list[float], label: list[bool]) -> float:
    ours = [value for value, own in zip(values, label, strict=True) if own]
    others = [value for value, own in zip(values, label, strict=True) if not own]
    wins = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a in ours for b in others)
    return wins / (len(ours) * len(others))


def slow_ap(values: list[float], label: list[bool]) -> float:
    found, before = 0.0, 0
    for threshold in sorted(set(values), reverse=True):
        above = [own for value, own in zip(values, label, strict=True) if value >= threshold]
        found += (sum(above) - before) * sum(above) / len(above)
        before = sum(above)
    return found / sum(label)


def slow_eta2(values: np.ndarray, own: np.ndarray) -> float:
    mean = values.mean()
    between = sum((own == side).sum() * (values[own == side].mean() - mean) ** 2 for side in (True, False))
    return float(between / ((values - mean) ** 2).sum())


@pytest.fixture(scope="module")
def sample() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(4)
    values = torch.randn(40, 6, generator=generator)
    values[:, 1] = (values[:, 1] * 2).round() / 2  # many ties
    values[:, 2] = 1.0  # constant
    labels = torch.zeros(2, 40, dtype=torch.bool)
    labels[0, :13] = True
    labels[1, torch.randperm(40, generator=generator)[:22]] = True
    values[:13, 3] += 9  # planted: tells the first label from the others
    return values, labels


def test_ranks_are_their_definitions(sample: tuple[torch.Tensor, torch.Tensor]) -> None:
    values, labels = sample
    found = ranking(values, labels)
    for row, label in enumerate(labels.tolist()):
        for column in range(values.shape[1]):
            given = values[:, column].double().tolist()
            assert float(found.auc[row, column]) == pytest.approx(slow_auc(given, label), abs=1e-6)
            assert float(found.ap[row, column]) == pytest.approx(slow_ap(given, label), abs=1e-6)
            assert float(found.auc[row, column]) == pytest.approx(roc_auc_score(label, given), abs=1e-6)
            assert float(found.ap[row, column]) == pytest.approx(average_precision_score(label, given), abs=1e-6)
    assert float(found.auc[0, 3]) == float(found.ap[0, 3]) == 1.0
    assert float(found.auc[0, 2]) == 0.5
    with pytest.raises(ValueError, match="both sides"):
        ranking(values, torch.ones(1, 40, dtype=torch.bool))


def test_eta_squared_of_every_resample_is_its_definition(sample: tuple[torch.Tensor, torch.Tensor]) -> None:
    values, _ = sample
    parts = [values[:13], values[13:30], values[30:]]
    counts = resample_counts([13, 17, 10], 7, seed=5)
    found = resampled_eta_squared(parts, counts, (0, 2))
    for draw in range(7):
        rows = [np.repeat(part.double().numpy(), count[draw].long().numpy(), axis=0)
                for part, count in zip(parts, counts, strict=True)]  # fmt: skip
        own = np.concatenate([np.full(len(one), number in (0, 2)) for number, one in enumerate(rows)])
        whole = np.concatenate(rows)
        for column in (0, 1, 3, 4, 5):
            assert float(found[draw, column]) == pytest.approx(slow_eta2(whole[:, column], own), abs=1e-9)
        assert float(found[draw, 2]) == 0.0
    ones = [torch.ones(1, len(part), dtype=torch.float64) for part in parts]
    plain = resampled_eta_squared(parts, ones, (0,))
    assert float(plain[0, 3]) == pytest.approx(slow_eta2(values[:, 3].double().numpy(), np.arange(40) < 13))
    with pytest.raises(ValueError, match="empty"):
        resampled_eta_squared(parts, ones, (0, 1, 2))


def test_resamples_draw_within_each_language_and_repeat() -> None:
    one, other = resample_counts([5, 9], 50, seed=1)
    assert one.sum(dim=1).tolist() == [5.0] * 50
    assert other.sum(dim=1).tolist() == [9.0] * 50
    assert torch.equal(one, resample_counts([5, 9], 50, seed=1)[0])
    assert len({tuple(row) for row in other.tolist()}) > 40


def test_what_an_anova_calls_significant() -> None:
    from scipy.stats import f

    eta2 = significant_eta_squared(5000)
    statistic = eta2 / (1 - eta2) * (5000 - 2)
    assert f.sf(statistic, 1, 4998) == pytest.approx(0.05)
    assert eta2 == pytest.approx(0.00077, abs=2e-5), "so p is vacuous: a thousandth of the variance is significant"
