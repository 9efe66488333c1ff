"""A set as JSON and as CSV; the JSON reads back as the same set."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import BaseModel

from app.contracts.sets import SetOrigin
from app.db.sets import StoredSet
from app.db.tables import NeuronSet
from app.web.tabular import csv_pieces


class Shape(BaseModel):
    """Layers of a model, and neurons per layer."""

    layers: int
    neurons: int


class SetAnswer(BaseModel):
    """A set without its neurons."""

    id: str
    family: str
    version: int
    name: str
    model: str
    shape: Shape
    size: int
    origin: SetOrigin
    content_hash: str
    created: datetime


class SetDocument(SetAnswer):
    """A set with its neurons: pairs of layer and neuron, ascending, each once."""

    model_name: str
    model_revision: str | None
    neurons: list[tuple[int, int]]


def answer(row: NeuronSet, origin: SetOrigin) -> SetAnswer:
    """A set as the API lists it."""
    return SetAnswer(
        id=row.id, family=row.family, version=row.version, name=row.name, model=row.model_id,
        shape=Shape(layers=row.layers, neurons=row.neurons), size=row.size, origin=origin,
        content_hash=row.content_hash, created=row.created,
    )  # fmt: skip


def document(found: StoredSet) -> SetDocument:
    """A set with its neurons."""
    return SetDocument(
        **dict(answer(found.row, found.origin)), model_name=found.model.name, model_revision=found.model.revision,
        neurons=[(layer, neuron) for layer, neuron in found.neurons.tolist()],
    )  # fmt: skip


def csv_file(found: StoredSet) -> Iterator[bytes]:
    """A row a neuron."""
    return csv_pieces(("layer", "neuron"), found.neurons.tolist())
