"""Neuron sets as every feature reads them: the row, where it comes from, and its neurons."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.contracts.ids import new_id
from app.contracts.results import ModelCard
from app.contracts.sets import SET_NEURONS, SetOrigin, set_origin
from app.db.arrays import ArrayStore
from app.db.tables import Experiment, ExperimentSet, Model, NeuronSet
from app.errors import BadInput, Conflict, NotFound

NAME_LENGTH = 200
Pairs = NDArray[np.int32]  # [n, 2] layer and neuron


@dataclass(frozen=True, slots=True)
class StoredSet:
    """A set's row with its origin read, its model, and its neurons [n, 2], ascending, each once, read-only."""

    row: NeuronSet
    model: Model
    origin: SetOrigin
    neurons: Pairs

    @property
    def id(self) -> str:
        """The id of this version."""
        return self.row.id

    @property
    def title(self) -> str:
        """Its name, with the version where there is more than the first."""
        return set_title(self.row)

    def per_layer(self) -> NDArray[np.int64]:
        """How many neurons each layer has in the set, [layers]."""
        return np.bincount(self.neurons[:, 0], minlength=self.row.layers)


@dataclass(frozen=True, slots=True)
class NewSet:
    """A set to be stored: `neurons` [n, 2] ascending and each once."""

    name: str
    neurons: Pairs
    origin: SetOrigin


def set_title(row: NeuronSet) -> str:
    """How pages call a set."""
    return f"{row.name} · version {row.version}" if row.version > 1 else row.name


def find_set(session: Session, set_id: str) -> StoredSet:
    """One version of a set with its neurons. Raises NotFound."""
    row = session.get(NeuronSet, set_id)
    if row is None:
        raise NotFound(f"There is no neuron set {set_id[:40]}; it may have been deleted.")
    neurons = ArrayStore(session).get(row.id, SET_NEURONS)
    return StoredSet(row, session.get_one(Model, row.model_id), set_origin.validate_python(row.origin), neurons)


def list_sets(session: Session) -> list[NeuronSet]:
    """The newest version of every family, newest first."""
    return _newest(session.scalars(select(NeuronSet).order_by(NeuronSet.created.desc(), NeuronSet.id)))


def sets_of_model(session: Session, model_id: str) -> list[NeuronSet]:
    """The newest version of every family of a model, newest first."""
    query = select(NeuronSet).where(NeuronSet.model_id == model_id)
    return _newest(session.scalars(query.order_by(NeuronSet.created.desc(), NeuronSet.id)))


def sets_of_shape(session: Session, layers: int, neurons: int) -> list[NeuronSet]:
    """The newest version of every family whose model has so many layers and neurons per layer, newest first."""
    query = select(NeuronSet).where(NeuronSet.layers == layers, NeuronSet.neurons == neurons)
    return _newest(session.scalars(query.order_by(NeuronSet.created.desc(), NeuronSet.id)))


def versions_of(session: Session, family: str) -> list[NeuronSet]:
    """Every version of a family, first to last."""
    return list(session.scalars(select(NeuronSet).where(NeuronSet.family == family).order_by(NeuronSet.version)))


def experiments_with(session: Session, set_id: str) -> list[Experiment]:
    """The experiments that use this version, newest first."""
    query = select(Experiment).join(ExperimentSet).where(ExperimentSet.set_id == set_id)
    return list(session.scalars(query.order_by(Experiment.created.desc(), Experiment.id)))


def model_shape(model: Model) -> tuple[int, int]:
    """Layers and neurons per layer of a model. Raises Conflict while the worker has not looked at it."""
    if model.card is None:
        raise Conflict(f"The model {model.name} was not inspected yet, so its layers are not known.")
    card = ModelCard.model_validate(model.card)
    return card.layers, card.neurons


def store_set(session: Session, model: Model, new: NewSet, now: datetime, after: NeuronSet | None = None) -> NeuronSet:
    """Store a set of `model`, as the first of a family or as the version behind the newest of `after`'s family.

    Raises BadInput for an empty set, for a neuron that the model does not have, and for no name.
    """
    layers, per_layer = model_shape(model)
    if not len(new.neurons):
        raise BadInput("This set would have no neuron. A set needs one at least.")
    if (new.neurons < 0).any() or (new.neurons >= (layers, per_layer)).any():
        raise BadInput(f"The model has layers 0–{layers - 1:,} with the neurons 0–{per_layer - 1:,} each.")
    if not new.name.strip():
        raise BadInput("Give the set a name.")
    if after is not None:
        # Writing to the model's row makes a second version that is stored at the same time wait for this one, on both
        # databases, before it looks for the last number.
        named = update(Model).where(Model.id == model.id).values(name=Model.name)
        session.execute(named.execution_options(synchronize_session=False))
    plain, key = np.ascontiguousarray(new.neurons, np.int32), new_id()
    last = 0 if after is None else _last_version(session, after.family)
    row = NeuronSet(
        id=key, family=key if after is None else after.family, version=last + 1, name=new.name.strip()[:NAME_LENGTH],
        model_id=model.id, layers=layers, neurons=per_layer, size=len(plain), origin=new.origin.model_dump(mode="json"),
        content_hash=_content_hash(plain), created=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    ArrayStore(session).put(key, SET_NEURONS, plain)
    return row


def stored_once(session: Session, model: Model, new: NewSet, now: datetime) -> NeuronSet:
    """The set of this name, origin and neurons that there is, else a new one: asking the same again makes no second."""
    alike = select(NeuronSet).where(
        NeuronSet.model_id == model.id,
        NeuronSet.content_hash == _content_hash(np.ascontiguousarray(new.neurons, np.int32)),
        NeuronSet.name == new.name.strip()[:NAME_LENGTH],
    )
    origin = new.origin.model_dump(mode="json")
    found = next((row for row in session.scalars(alike.order_by(NeuronSet.created)) if row.origin == origin), None)
    return found or store_set(session, model, new, now)


def _content_hash(neurons: Pairs) -> str:
    return hashlib.sha256(neurons.tobytes()).hexdigest()


def read_neuron_arrays(session: Session, rows: Sequence[NeuronSet]) -> list[Pairs]:
    """The neurons of several sets, in their order."""
    store = ArrayStore(session)
    return [store.get(row.id, SET_NEURONS) for row in rows]


def _last_version(session: Session, family: str) -> int:
    return session.scalar(select(func.max(NeuronSet.version)).where(NeuronSet.family == family)) or 0


def _newest(rows: Iterable[NeuronSet]) -> list[NeuronSet]:
    newest: dict[str, NeuronSet] = {}
    for row in rows:
        known = newest.get(row.family)
        if known is None or row.version > known.version:
            newest[row.family] = row
    return list(newest.values())
