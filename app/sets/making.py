"""Making sets: from neurons people name, from files, from other sets; and the next version of a set."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from app.contracts.ids import NeuronId
from app.contracts.sets import CombinedOrigin, ImportedOrigin, Operation, SetOrigin
from app.db.sets import NewSet, Pairs, StoredSet, find_set, model_shape, store_set
from app.db.tables import Model, NeuronSet
from app.errors import BadInput, Conflict, NotFound
from app.text.neuron_lists import NeuronList, read_neurons

OPERATIONS: dict[Operation, tuple[str, str]] = {
    "and": ("A and B", "in both sets"),
    "or": ("A or B", "in one set at least"),
    "minus": ("A minus B", "in A and not in B"),
    "xor": ("A xor B", "in one set and not in the other"),
}


@dataclass(frozen=True, slots=True)
class Combination:
    """Two sets and what they give together; sizes of the three regions of their overlap."""

    left: StoredSet
    right: StoredSet
    operation: Operation
    neurons: Pairs
    both: int


def find_model(session: Session, model_id: str) -> Model:
    """The model. Raises NotFound."""
    model = session.get(Model, model_id)
    if model is None:
        raise NotFound(f"There is no model {model_id[:40]}; it may have been deleted.")
    return model


def picked(model: Model, text: str, names: Sequence[str] = ()) -> tuple[Pairs, int]:
    """The neurons named in a text and in a list of names [n, 2] ascending, and how many were named twice.

    Raises BadInput with the line for what is no neuron of the model, and for none at all.
    """
    layers, per_layer = model_shape(model)
    lines = "\n".join((*names, text))
    if not lines.strip():
        raise BadInput("Name the neurons of the set: tick them in the neuron table, or write them as L18·4021.")
    found = read_neurons(lines.encode(), "The list")
    found.check(layers, per_layer)
    return found.neurons, found.duplicates


def from_list(model: Model, found: NeuronList) -> Pairs:
    """The neurons of a list. Raises BadInput if the model does not have them."""
    found.check(*model_shape(model))
    return found.neurons


def combine(session: Session, left: str, right: str, operation: Operation) -> Combination:
    """Two sets combined. Raises NotFound, and Conflict for sets of models of different shapes."""
    a, b = find_set(session, left), find_set(session, right)
    if (a.row.layers, a.row.neurons) != (b.row.layers, b.row.neurons):
        raise Conflict(
            f"“{a.title}” belongs to a model of {a.row.layers:,} layers with {a.row.neurons:,} neurons each, "
            f"“{b.title}” to one of {b.row.layers:,} with {b.row.neurons:,}. Choose two sets of one shape."
        )
    one, two = (flat(found.neurons, found.row.neurons) for found in (a, b))
    both = np.intersect1d(one, two, assume_unique=True)
    chosen = {
        "and": both,
        "or": np.union1d(one, two),
        "minus": np.setdiff1d(one, two, assume_unique=True),
        "xor": np.setxor1d(one, two, assume_unique=True),
    }[operation]
    neurons = np.stack(np.divmod(chosen, a.row.neurons), axis=1).astype(np.int32)
    return Combination(a, b, operation, neurons, len(both))


def flat(neurons: Pairs, per_layer: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Each neuron of [n, 2] as layer * per_layer + neuron [n]."""
    wide = neurons.astype(np.int64)
    found: np.ndarray[tuple[int], np.dtype[np.int64]] = wide[:, 0] * per_layer + wide[:, 1]
    return found


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user wants a set to be called, of which set it is the next version, and its name if no name is given."""

    name: str
    after: str = ""
    otherwise: str = ""


def save(
    session: Session, model: Model, neurons: Pairs, origin: SetOrigin, wish: Wish, now: datetime
) -> NeuronSet:  # fmt: skip
    """Store a set, or the next version of one.

    Raises BadInput for an empty set or no name, NotFound, Conflict for a version of a set of another model.
    """
    after = find_set(session, wish.after).row if wish.after else None
    if after is not None and after.model_id != model.id:
        raise Conflict(f"“{after.name}” is a set of another model. Choose {after.name}'s model, or store a new set.")
    name = wish.name.strip() or (wish.otherwise if after is None else after.name)
    return store_set(session, model, NewSet(name, neurons, origin), now, after)


def combined_origin(found: Combination) -> CombinedOrigin:
    """The origin of a combination."""
    return CombinedOrigin(left=found.left.id, right=found.right.id, operation=found.operation)


def imported_origin(file: str, found: NeuronList, part: str = "") -> ImportedOrigin:
    """The origin of a list that came as a file."""
    return ImportedOrigin(file=file[:200], format=found.format, part=part)


def listed(neurons: Pairs) -> str:
    """Neurons as text, one a line."""
    return "\n".join(str(NeuronId(layer, index)) for layer, index in neurons.tolist())
