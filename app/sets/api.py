"""Neuron sets as JSON."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile, status
from pydantic import BaseModel, Field

from app.contracts.sets import CombinedOrigin, PickedOrigin, SetOrigin, TopOrigin, set_origin
from app.db.sets import find_set
from app.db.top import choose_top
from app.errors import BadInput
from app.sets import exports, service
from app.sets.exports import SetAnswer, SetDocument
from app.sets.forms import ImportForm
from app.sets.making import Wish, combine, find_model, picked, save
from app.sets.overlap import Chance
from app.sets.overlaps import overlap
from app.web.deps import Cache, Db, Now
from app.web.errors import REFUSED
from app.web.uploads import uploaded

router = APIRouter(prefix="/sets", tags=["sets"], responses=REFUSED)


class NewSetRequest(BaseModel):
    """A set to make. `model` and `neurons` belong to the origin `picked` alone; the others say both themselves."""

    name: str = Field(max_length=200)
    origin: Annotated[TopOrigin | PickedOrigin | CombinedOrigin, Field(discriminator="kind")]
    model: str | None = Field(None, max_length=40)
    neurons: list[tuple[int, int] | str] = Field(
        default_factory=list, max_length=500_000, description="Pairs of layer and neuron, or names such as L18·4021."
    )
    after: str = Field("", max_length=40, description="Id of a set; the new one becomes its next version.")


class SetName(BaseModel):
    """A new name."""

    name: str = Field(min_length=1, max_length=200)


class ChanceAnswer(BaseModel):
    """What two random sets of the same sizes share: expected neurons and Jaccard index, log10 of the p value."""

    shared: float
    jaccard: float
    log10_p: float | None = Field(description="log10 of the chance of sharing as many or more; null: no chance at all.")


class OverlapAnswer(BaseModel):
    """What two sets share. `whole`: any neurons of the population; `matched`: as many in each layer as these have."""

    left: str
    right: str
    left_size: int
    right_size: int
    both: int
    jaccard: float
    layers: list[int] = Field(description="Layers that both sets could draw from: the population's.")
    population: int
    whole: ChanceAnswer
    matched: ChanceAnswer
    by_layer: list[tuple[int, int, int]] = Field(description="Per layer: neurons of left, of right, of both.")


class Created(BaseModel):
    """The sets that a file gave: one, or one a language."""

    sets: list[SetAnswer]
    created: datetime


@router.get("")
def sets(db: Db, model: Annotated[str, Query(max_length=40)] = "") -> list[SetAnswer]:
    """The newest version of every set, or of a model's, newest first."""
    lines = service.list_lines(db, model)
    return [exports.answer(line.row, set_origin.validate_python(line.row.origin)) for line in lines]


@router.get("/overlap")
def overlap_of(left: str, right: str, db: Db) -> OverlapAnswer:
    """What two sets share, beside what chance would give."""
    found = combine(db, left, right, "and")
    shared = overlap(db, found.left, found.right.row, found.right.neurons, matched=True)
    assert shared.matched is not None
    return OverlapAnswer(
        left=left, right=right, left_size=shared.left, right_size=shared.right, both=shared.both,
        jaccard=shared.jaccard, layers=list(shared.layers), population=shared.population, whole=_chance(shared.whole),
        matched=_chance(shared.matched), by_layer=[(a, b, c) for a, b, c in shared.by_layer.tolist()],
    )  # fmt: skip


def _chance(found: Chance) -> ChanceAnswer:
    p = None if found.log10_p == float("-inf") else found.log10_p
    return ChanceAnswer(shared=found.shared, jaccard=found.jaccard, log10_p=p)


@router.post("", status_code=status.HTTP_201_CREATED)
def create(wanted: NewSetRequest, db: Db, cache: Cache, now: Now) -> SetDocument:
    """Make a set: the best of a run, neurons named one by one, or two sets combined."""
    origin: SetOrigin = wanted.origin
    if not isinstance(origin, PickedOrigin) and (wanted.neurons or wanted.model):
        raise BadInput("Give model and neurons with the origin “picked” only; other origins choose them themselves.")
    if isinstance(origin, TopOrigin):
        top = choose_top(db, cache.reader(db), origin)
        model, neurons, origin = top.run.model, top.neurons, top.origin
    elif isinstance(origin, CombinedOrigin):
        pair = combine(db, origin.left, origin.right, origin.operation)
        model, neurons = pair.left.model, pair.neurons
    else:
        model = find_model(db, wanted.model or "")
        names = [one if isinstance(one, str) else f"{one[0]}/{one[1]}" for one in wanted.neurons]
        neurons, _ = picked(model, "", names)
    row = save(db, model, neurons, origin, Wish(wanted.name, wanted.after), now)
    return exports.document(find_set(db, row.id))


@router.post("/import", status_code=status.HTTP_201_CREATED)
def import_file(
    db: Db,
    now: Now,
    form: Annotated[ImportForm, Form()],
    files: Annotated[list[UploadFile] | None, File()] = None,
) -> Created:
    """Read one file: JSON, CSV, lines, .pth or .pkl; a file with several languages gives a set for each."""
    rows = service.import_file(db, uploaded(files), form, now)
    return Created(sets=[exports.answer(row, set_origin.validate_python(row.origin)) for row in rows], created=now)


@router.get("/{set_id}")
def one(set_id: str, db: Db) -> SetDocument:
    """One version of a set with its neurons."""
    return exports.document(find_set(db, set_id))


@router.patch("/{set_id}")
def rename(set_id: str, wanted: SetName, db: Db) -> SetAnswer:
    """Call a set something else, as long as no experiment uses it."""
    row = service.rename(db, set_id, wanted.name)
    return exports.answer(row, set_origin.validate_python(row.origin))


@router.delete("/{set_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete(set_id: str, db: Db) -> None:
    """Delete a set that no experiment uses."""
    service.delete(db, set_id)
