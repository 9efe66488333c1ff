"""The neuron table: sorted, filtered and paged over a run's arrays, without a row per neuron in SQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from app.contracts import arrays as names
from app.contracts.ids import NeuronId
from app.db.runs import FinishedRun
from app.errors import BadInput, NotFound
from app.neurons.columns import COLUMN, COLUMNS, TableQuery
from app.neurons.contracts import NeuronRow
from app.neurons.orders import (
    Floats,
    Indices,
    Keys,
    OrderCache,
    mark_key,
    page_keys,
    row_indices,
    row_keys,
    row_mark,
)
from app.neurons.source import RunArrays

PAGE_ROWS = 50
Cells = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class TablePage:
    """Up to PAGE_ROWS rows of a table of `total`; marks of the pages behind and ahead where there are any."""

    query: TableQuery
    rows: tuple[NeuronRow, ...]
    total: int
    after: str | None
    before: str | None
    at_start: bool


def resolved(run: FinishedRun, query: TableQuery) -> TableQuery:
    """The query with its language named; defaults stay defaults. Raises BadInput for what this run does not have."""
    first = run.spec.languages[0]
    if query.language and query.language not in run.spec.languages:
        what = "is the pivot and has no scores" if query.language == run.spec.pivot else "is not in this run"
        known = ", ".join(run.spec.languages)
        raise BadInput(f"The language {query.language} {what}. Choose one of {known}.")
    if query.first is not None and query.last is not None and query.first > query.last:
        raise BadInput(f"No layer is from {query.first} to {query.last}. Let the first layer be at most the last.")
    return query.model_copy(update={"language": query.language or first})


def layers_of(run: FinishedRun, query: TableQuery) -> range:
    """The layers a query asks for, cut to those there are."""
    allowed = range(run.summary.layers) if query.every else run.summary.candidates(query.type)
    first = allowed.start if query.first is None else max(query.first, allowed.start)
    last = allowed.stop - 1 if query.last is None else min(query.last, allowed.stop - 1)
    return range(first, max(first, last + 1))


def neuron_table(run: FinishedRun, arrays: RunArrays, orders: OrderCache, query: TableQuery) -> TablePage:
    """The page of the table that the query asks for. Raises BadInput, or NotFound for an array never stored."""
    query = resolved(run, query)
    expect_columns(run, arrays, query)
    keys = keys_of(run, arrays, orders, query)
    after, before = (_key(run, query, mark) for mark in (query.after, query.before))
    page, start = page_keys(keys, PAGE_ROWS, after=after, before=before)
    rows = tuple(_rows(run, arrays, orders, query, row_indices(page), start))
    ends = (rows[0], rows[-1]) if rows else None
    return TablePage(
        query=query,
        rows=rows,
        total=len(keys),
        after=_mark(run, arrays, query, ends[1]) if ends and start + len(rows) < len(keys) else None,
        before=_mark(run, arrays, query, ends[0]) if ends and start else None,
        at_start=start <= PAGE_ROWS,
    )


def keys_of(run: FinishedRun, arrays: RunArrays, orders: OrderCache, query: TableQuery) -> Keys:
    """Keys of all rows the query lets through, unsorted; `query` resolved."""
    layers, size = layers_of(run, query), run.summary.neurons
    limits = _limits(run, query)
    key = (
        "order",
        _hash(run, arrays, query),
        query.dir,
        (layers.start * size, layers.stop * size),
        tuple((arrays.hash(name), least) for name, least in limits),
        _detail_hashes(run, arrays) if query.details else None,
    )

    def make() -> Keys:
        place = slice(layers.start * size, layers.stop * size)
        values = column_values(run, arrays, query, query.sort)[place]
        indices = np.arange(place.start, place.stop, dtype=np.int64)
        if limits or query.details:
            keep = np.ones(len(indices), bool)
            for name, least in limits:
                keep &= arrays.flat(name)[place] >= np.float32(least)
            if query.details:
                keep &= detail_mask(run, arrays, orders)[place]
            kept = np.flatnonzero(keep)  # four times as fast as taking by the mask
            values, indices = values[kept], indices[kept]
        return row_keys(values, indices, descending=query.dir == "desc")

    return orders.get(key, make)


def column_values(run: FinishedRun, arrays: RunArrays, query: TableQuery, column: str) -> Floats:
    """The values of a column for all neurons, [layers * neurons]."""
    name = COLUMN[column].array_name(query.type, query.language, run.spec.pivot)
    if name is not None:
        return arrays.flat(name)
    size = run.summary.neurons
    if column == "candidate":
        allowed = run.summary.candidates(query.type)
        layers = np.arange(run.summary.layers)
        return np.repeat(((layers >= allowed.start) & (layers < allowed.stop)).astype(np.float32), size)
    return np.arange(run.summary.layers * size, dtype=np.float32)


def cells(run: FinishedRun, arrays: RunArrays, query: TableQuery, indices: Indices) -> Cells:
    """The stored columns at flat `indices` [rows]."""
    columns = (column for column in COLUMNS if column.array)
    return {column.key: column_values(run, arrays, query, column.key)[indices] for column in columns}


def detail_mask(run: FinishedRun, arrays: RunArrays, orders: OrderCache) -> NDArray[np.bool_]:
    """Which neurons have stored details, [layers * neurons]."""
    summary = run.summary

    def make() -> NDArray[np.bool_]:
        mask = np.zeros((summary.layers, summary.neurons), bool)
        for layer in range(summary.layers):
            name = names.DETAIL_NEURONS.format(layer=layer)
            if arrays.has(name):
                mask[layer, arrays.get(name)] = True
        return mask.reshape(-1)

    return orders.get(("details", _detail_hashes(run, arrays), summary.neurons), make)


def check_neuron(run: FinishedRun, neuron: NeuronId) -> None:
    """Raise NotFound, in a sentence that tells what there is, if the model has no such neuron."""
    summary = run.summary
    if neuron.layer >= summary.layers:
        raise NotFound(f"{run.model.name} has layers 0–{summary.layers - 1:,}; there is no layer {neuron.layer}.")
    if neuron.index >= summary.neurons:
        raise NotFound(f"Layer {neuron.layer} has neurons 0–{summary.neurons - 1:,}; there is no {neuron}.")


def _key(run: FinishedRun, query: TableQuery, mark: str | None) -> np.uint64 | None:
    return mark_key(mark, run.summary.neurons, descending=query.dir == "desc") if mark else None


def _rows(
    run: FinishedRun, arrays: RunArrays, orders: OrderCache, query: TableQuery, indices: Indices, start: int
) -> Iterator[NeuronRow]:
    allowed, detailed = run.summary.candidates(query.type), detail_mask(run, arrays, orders)
    columns = {key: part.tolist() for key, part in cells(run, arrays, query, indices).items()}
    for i, index in enumerate(indices.tolist()):
        layer, neuron = divmod(index, run.summary.neurons)
        values = {key: part[i] if isfinite(part[i]) else None for key, part in columns.items()}
        yield NeuronRow(
            place=start + i + 1, name=str(NeuronId(layer, neuron)), layer=layer, neuron=neuron,
            candidate=layer in allowed, detailed=bool(detailed[index]), **values,
        )  # fmt: skip


def _mark(run: FinishedRun, arrays: RunArrays, query: TableQuery, row: NeuronRow) -> str:
    value = column_values(run, arrays, query, query.sort)[row.layer * run.summary.neurons + row.neuron]
    return row_mark(float(value), row.layer, row.neuron)


def _limits(run: FinishedRun, query: TableQuery) -> list[tuple[str, float]]:
    wanted = (("score", query.min_score), ("eta2", query.min_eta2), ("positive", query.min_positive))
    found = ((COLUMN[key].array_name(query.type, query.language, run.spec.pivot), least) for key, least in wanted)
    return [(name, least) for name, least in found if name is not None and least is not None]


def _hash(run: FinishedRun, arrays: RunArrays, query: TableQuery) -> str:
    name = COLUMN[query.sort].array_name(query.type, query.language, run.spec.pivot)
    return arrays.hash(name) if name else f"{query.sort} {query.type} {run.summary.split}"


def _detail_hashes(run: FinishedRun, arrays: RunArrays) -> tuple[str, ...]:
    found = (names.DETAIL_NEURONS.format(layer=layer) for layer in range(run.summary.layers))
    return tuple(arrays.hash(name) if arrays.has(name) else "" for name in found)


def expect_columns(run: FinishedRun, arrays: RunArrays, query: TableQuery) -> None:
    """Learn in one query of every array that the table may read."""
    wanted = [column.array_name(query.type, query.language, run.spec.pivot) for column in COLUMNS]
    wanted += [names.DETAIL_NEURONS.format(layer=layer) for layer in range(run.summary.layers)]
    arrays.expect(name for name in wanted if name)
