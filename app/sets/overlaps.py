"""The overlap of stored sets: which neurons both could have, what they share, and what chance would give."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contracts.sets import CombinedOrigin, SetOrigin, TopOrigin, set_origin
from app.db.sets import Pairs, StoredSet, read_neuron_arrays, sets_of_shape
from app.db.tables import NeuronSet
from app.sets.making import flat
from app.sets.overlap import Chance, chance, jaccard

MOST_OTHERS = 50
_DEEPEST = 20  # sets made from sets made from sets


@dataclass(frozen=True, slots=True)
class Overlap:
    """What set A shares with another set of the same shape, in all and by layer; `layers` both could draw from."""

    other: NeuronSet
    left: int
    right: int
    both: int
    layers: tuple[int, ...]
    population: int
    by_layer: NDArray[np.int64]  # [layers of the model, 3] neurons of A, of the other, of both
    whole: Chance
    matched: Chance | None

    @property
    def jaccard(self) -> float:
        """|A ∩ B| / |A ∪ B|."""
        return jaccard(self.both, self.left, self.right)

    @property
    def place(self) -> str:
        """The layers that both sets could draw from, in words."""
        return layer_words(self.layers)


def layer_words(layers: tuple[int, ...]) -> str:
    """Layers as ranges: `layers 0–19`, `layers 0–3, 7`."""
    spans: list[list[int]] = []
    for layer in layers:
        if spans and layer == spans[-1][1] + 1:
            spans[-1][1] = layer
        else:
            spans.append([layer, layer])
    words = ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in spans)
    return "no layer" if not spans else f"layer {words}" if len(layers) == 1 else f"layers {words}"


def drawn_from(session: Session, row: NeuronSet, depth: int = 0) -> frozenset[int]:
    """The layers a set could have neurons in: those it was chosen from, else all of the model."""
    return _layers_of(session, set_origin.validate_python(row.origin), row.layers, depth)


def _layers_of(session: Session, origin: SetOrigin, layers: int, depth: int) -> frozenset[int]:
    every = frozenset(range(layers))
    if isinstance(origin, TopOrigin) and origin.first_layer is not None and origin.last_layer is not None:
        return frozenset(range(origin.first_layer, origin.last_layer + 1)) & every
    if not isinstance(origin, CombinedOrigin) or depth > _DEEPEST:
        return every
    parents = {
        row.id: row for row in session.scalars(select(NeuronSet).where(NeuronSet.id.in_((origin.left, origin.right))))
    }
    if len({origin.left, origin.right} - set(parents)):
        return every
    left, right = (drawn_from(session, parents[one], depth + 1) for one in (origin.left, origin.right))
    return {"and": left & right, "minus": left}.get(origin.operation, left | right)


def overlap(session: Session, a: StoredSet, other: NeuronSet, neurons: Pairs, *, matched: bool) -> Overlap:
    """The overlap of set `a` with `other`, whose neurons are given; `matched`: chance within layers as well."""
    size, layers = a.row.neurons, a.row.layers
    one, two = flat(a.neurons, size), flat(neurons, size)
    both = np.intersect1d(one, two, assume_unique=True)
    by_layer = np.stack([np.bincount(part // size, minlength=layers) for part in (one, two, both)], axis=1)
    common = tuple(sorted(drawn_from(session, a.row) & drawn_from(session, other)))
    inside = by_layer[list(common)]
    population = np.full(len(common), size, np.int64)
    total = inside.sum(axis=0)
    whole = chance(np.array([size * len(common)]), total[:1], total[1:2], int(total[2]))
    return Overlap(
        other=other,
        left=len(one),
        right=len(two),
        both=len(both),
        layers=common,
        population=size * len(common),
        by_layer=by_layer,
        whole=whole,
        matched=chance(population, inside[:, 0], inside[:, 1], int(total[2])) if matched else None,
    )


def other_sets(session: Session, found: StoredSet) -> tuple[list[Overlap], int]:
    """Overlap with the newest other sets of the same shape, largest Jaccard index first; how many are left out."""
    others = [row for row in sets_of_shape(session, found.row.layers, found.row.neurons) if row.id != found.id]
    shown = others[:MOST_OTHERS]
    arrays = read_neuron_arrays(session, shown)
    overlaps = [
        overlap(session, found, row, neurons, matched=False) for row, neurons in zip(shown, arrays, strict=True)
    ]
    return sorted(overlaps, key=lambda one: -one.jaccard), len(others) - len(shown)
