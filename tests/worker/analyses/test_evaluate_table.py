"""The table of an evaluation, from answers made up so that every number is known."""

import pytest

from app.contracts.evaluations import Answer, Item
from worker.analyses.evaluate_table import by_condition, table_cells, thresholds


def item(**scores: float) -> Item:
    answers = tuple(
        Answer(condition=name.replace("_", " "), scores={"em": one, "f1": one}) for name, one in scores.items()
    )
    return Item(key="k", kind="", source="f:1", question="q", prompt="q", golds=("a",), answers=answers)


FULL = [item(normal=1, set=0, control_0=1), item(normal=1, set=1, control_0=1), item(normal=0, set=0, control_0=1)]


def test_a_cell_holds_means_differences_and_p() -> None:
    (cell,) = table_cells("ja", FULL, ["em"], seed=0)
    assert cell.n == 3
    assert cell.normal.value == pytest.approx(2 / 3)
    assert cell.changed is not None
    assert cell.drop is not None
    assert cell.beyond is not None
    assert cell.changed.value == pytest.approx(1 / 3)
    assert cell.drop.value == pytest.approx(1 / 3)
    assert cell.beyond.value == pytest.approx(2 / 3)
    assert (cell.p, cell.p_control) == (1.0, 0.5), "one and two differ, all to the same side"


@pytest.mark.parametrize("last", [True, False])
def test_questions_without_a_changed_model_do_not_count_among_pairs(last: bool) -> None:
    pivot = [item(normal=1), item(normal=1)]
    scores = by_condition([*FULL, *pivot] if last else [*pivot, *FULL], "em")
    assert {name: len(values) for name, values in scores.items()} == {"normal": 3, "set": 3, "control 0": 3}


def test_f1_has_no_p_and_thresholds_look_at_the_normal_score() -> None:
    (cell,) = table_cells("ja", FULL, ["f1"], seed=0)
    assert cell.p is None
    first, _ = thresholds("ja", FULL)
    assert (first.least, first.n, first.normal, first.changed, first.control) == (0.5, 2, 1.0, 0.5, 1.0)
