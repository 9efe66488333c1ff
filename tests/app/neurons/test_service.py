"""The table: every column and direction against a plain sort, paging without gaps, filters, refusals."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from app.db.arrays import ArrayStore
from app.errors import BadInput, NotFound
from app.neurons.columns import COLUMN, COLUMNS
from app.neurons.contracts import NeuronRow
from app.neurons.orders import OrderCache
from tests.app.neurons.conftest import LAYERS, NEURONS, Scanned, table_in

SPLIT = 3
KEYS = [column.key for column in COLUMNS]


def place(row: NeuronRow) -> int:
    return row.layer * NEURONS + row.neuron


def walk(scanned: Scanned, **asked: Any) -> Iterator[NeuronRow]:
    """All rows of a table, page after page."""
    orders, after = OrderCache(1_000_000), ""
    while True:
        page = scanned.table(orders, **asked, after=after)
        yield from page.rows
        if page.after is None:
            return
        after = page.after


def column(scanned: Scanned, key: str, kind: int, language: str) -> np.ndarray:
    """The column as it is stored, [layers * neurons]."""
    stored = COLUMN[key].array_name(kind, language, "en")
    if stored is not None:
        return scanned.array(stored).reshape(-1)
    places = np.arange(LAYERS * NEURONS)
    first = places // NEURONS < SPLIT
    return places if key == "neuron" else (first if kind == 1 else ~first).astype(float)


def plain(values: np.ndarray, keep: np.ndarray, direction: str) -> list[int]:
    """The rows kept, sorted the slow way: missing last, then by value, then by layer and neuron."""
    sign = -1 if direction == "desc" else 1

    def key(i: int) -> tuple[bool, float, int]:
        missing = math.isnan(values[i])
        return missing, 0.0 if missing else sign * float(values[i]), i

    return sorted(np.flatnonzero(keep).tolist(), key=key)


@pytest.mark.parametrize("direction", ["desc", "asc"])
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("kind", [1, 2])
def test_every_column_sorts_as_a_plain_sort_and_pages_visit_each_row_once(
    scanned: Scanned, key: str, kind: int, direction: str
) -> None:
    everything = np.ones(LAYERS * NEURONS, bool)
    expected = plain(column(scanned, key, kind, "ar"), everything, direction)
    rows = list(walk(scanned, language="ar", type=kind, sort=key, dir=direction, every=True))
    assert [place(row) for row in rows] == expected
    assert [row.place for row in rows] == list(range(1, len(expected) + 1))


def test_a_table_shows_the_stored_numbers(scanned: Scanned) -> None:
    for row in walk(scanned, language="hi", type=2):
        for key in ("score", "sd", "loo", "contrast", "eta2", "positive", "mean", "pivot"):
            stored = column(scanned, key, 2, "hi")[place(row)]
            shown = getattr(row, key)
            assert shown == stored if np.isfinite(stored) else shown is None
        assert row.name == f"L{row.layer}·{row.neuron}"


@pytest.mark.parametrize(("kind", "layers"), [(1, range(SPLIT)), (2, range(SPLIT, LAYERS))])
def test_only_candidates_unless_asked(scanned: Scanned, kind: int, layers: range) -> None:
    rows = list(walk(scanned, type=kind))
    assert {row.layer for row in rows} == set(layers)
    assert all(row.candidate for row in rows)
    assert len(rows) == len(layers) * NEURONS == scanned.table(type=kind).total


def test_pages_ahead_are_the_pages_behind(scanned: Scanned) -> None:
    first = scanned.table(sort="mean")
    second = scanned.table(sort="mean", after=first.after)
    assert second.before is not None
    assert scanned.table(sort="mean", before=second.before).rows == first.rows
    assert second.at_start
    assert first.before is None


def test_a_place_stays_where_it_was_when_its_row_is_filtered_out(scanned: Scanned) -> None:
    first = scanned.table(every=True)
    mark = first.after
    rest = [place(row) for row in walk(scanned, every=True)][50:]
    candidates = [i for i in rest if i // NEURONS < SPLIT]
    assert [place(row) for row in scanned.table(after=mark).rows] == candidates[:50]


def test_filters_keep_exactly_what_they_say(scanned: Scanned) -> None:
    limits = {"score": -0.125, "eta2": 0.125, "positive": 0.31}
    keep = np.repeat((np.arange(LAYERS) >= 2) & (np.arange(LAYERS) <= 4), NEURONS)
    for key, least in limits.items():
        keep = keep & (column(scanned, key, 2, "ja") >= np.float32(least))
    expected = plain(column(scanned, "contrast", 2, "ja"), keep, "asc")
    assert 0 < len(expected) < 2 * NEURONS
    fields = {f"min_{key}": str(least) for key, least in limits.items()}
    rows = walk(scanned, type=2, every=True, first="2", last="4", sort="contrast", dir="asc", **fields)
    assert [place(row) for row in rows] == expected


def test_only_neurons_with_details(scanned: Scanned) -> None:
    with scanned.app.state.sessions() as session:
        kept = ArrayStore(session).names(scanned.run, "detail/neurons/")
    stored = {(int(name.split("/")[-1]), int(neuron)) for name in kept for neuron in scanned.array(name)}
    assert 0 < len(kept) < LAYERS
    rows = list(walk(scanned, details=True, every=True))
    assert {(row.layer, row.neuron) for row in rows} == stored
    assert all(row.detailed for row in rows)
    others = [row for row in walk(scanned, every=True) if not row.detailed]
    assert len(others) + len(rows) == LAYERS * NEURONS


def test_one_cache_serves_different_tables(scanned: Scanned) -> None:
    orders = OrderCache(1_000_000)
    queries: list[dict[str, Any]] = [
        {}, {"type": 2}, {"dir": "asc"}, {"every": True}, {"sort": "eta2"}, {"language": "th"}, {"min_eta2": 0.1},
        {"min_eta2": 0.2}, {"first": 1}, {"details": True}, {"sort": "candidate", "every": True},
        {"sort": "candidate", "every": True, "type": 2},
    ]  # fmt: skip
    for asked in queries * 2:
        assert scanned.table(orders, **asked) == scanned.table(**asked)


def test_blank_fields_of_the_form_are_no_filters(scanned: Scanned) -> None:
    assert scanned.table(first="", last="", min_score="", min_eta2="", min_positive="") == scanned.table()


def test_no_layers_left_is_an_empty_table(scanned: Scanned) -> None:
    page = scanned.table(type=2, last=1)
    assert page.rows == ()
    assert page.total == 0


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"language": "xx"}, "The language xx is not in this run. Choose one of ja, ar, hi, th."),
        ({"language": "en"}, "The language en is the pivot and has no scores. Choose one of ja, ar, hi, th."),
        ({"first": 3, "last": 1}, "No layer is from 3 to 1. Let the first layer be at most the last."),
    ],
)
def test_what_the_run_does_not_have_is_refused(scanned: Scanned, asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        scanned.table(**asked)
    assert str(refused.value) == sentence


def test_an_array_never_stored_is_named(scanned: Scanned) -> None:
    with scanned.app.state.sessions() as session:
        ArrayStore(session).delete(scanned.run, "eta2/th")
        with pytest.raises(NotFound, match="has stored no eta2/th"):
            table_in(session, scanned.run, OrderCache(1_000_000), {"language": "th"})
        session.rollback()
