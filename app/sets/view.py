"""A set's page prepared for its template: origin in words, layers, languages, a page of its neurons."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts.ids import NeuronId
from app.contracts.sets import MEASURES, CombinedOrigin, ImportedOrigin, PickedOrigin, TopOrigin
from app.db.arrays import AnyArray, ArrayStore
from app.db.runs import FinishedRun, finished_run
from app.db.sets import StoredSet, set_title
from app.db.tables import NeuronSet, Run
from app.sets.overlaps import layer_words
from app.text.neuron_lists import FORMAT_WORDS
from app.web.cache import ArrayCache

PAGE_ROWS = 100
_FORMATS = {**FORMAT_WORDS, "tensors": "lists of tensors by language and layer"}


class SetQuery(BaseModel):
    """What the address of a set's page says; unknown keys are ignored, defaults left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    run: str = Field("", max_length=40, description="Run whose scores are shown; empty: the set's own, or the newest.")
    language: str = Field("", max_length=35, description="Language whose scores the neurons show.")
    type: int = Field(0, ge=0, le=2, description="Type of the scores; 0: as the set was chosen, else 2.")
    sort: Literal["layer", "score"] = Field("layer", description="Order of the neurons.")
    page: int = Field(1, ge=1, le=1_000_000)


@dataclass(frozen=True, slots=True)
class LanguageLine:
    """The set's neurons in one language of a run: mean scores, beside those of all candidates."""

    language: str
    index: int
    type1: float | None
    type1_all: float | None
    type2: float | None
    type2_all: float | None
    eta2: float | None
    positive: float | None


@dataclass(frozen=True, slots=True)
class Member:
    """One neuron of the set, with its score where a run has one."""

    name: str
    layer: int
    neuron: int
    score: float | None


@dataclass(frozen=True, slots=True)
class SetView:
    """All that the page shows beside the set itself and its overlaps."""

    runs: list[Run]
    run: FinishedRun | None
    language: str
    type: int
    languages: list[LanguageLine]
    members: list[Member]
    page: int
    pages: int
    per_layer: list[int]


def origin_words(session: Session, found: StoredSet) -> list[tuple[str, str]]:
    """Where a set comes from as pieces of text, each with an address or none."""
    origin = found.origin
    match origin:
        case TopOrigin():
            run = session.get(Run, origin.run_id)
            many = f"The {origin.count:,} best" if origin.count else f"The best {100 * (origin.share or 0):g} %"
            layers = layer_words(tuple(range(origin.first_layer or 0, (origin.last_layer or 0) + 1)))
            what = (
                f"{many} of Type-{origin.type} in {layers}, by the {MEASURES[origin.measure]} of {origin.language}, in "
            )
            return [(what, ""), _run_words(run)]
        case PickedOrigin():
            run = session.get(Run, origin.run_id) if origin.run_id else None
            return [("Chosen by hand", ""), *([(" in ", ""), _run_words(run)] if run else [])]
        case ImportedOrigin():
            part = f", the list of {origin.part}" if origin.part else ""
            return [(f"Read from {origin.file}{part} ({_FORMATS.get(origin.format, origin.format)})", "")]
        case CombinedOrigin():
            left, right = (session.get(NeuronSet, one) for one in (origin.left, origin.right))
            return [_set_words(left), (f" {origin.operation} ", ""), _set_words(right)]


def _run_words(run: Run | None) -> tuple[str, str]:
    return ("a run since deleted", "") if run is None else (run.name, f"/runs/{run.id}")


def _set_words(row: NeuronSet | None) -> tuple[str, str]:
    return ("a set since deleted", "") if row is None else (set_title(row), f"/sets/{row.id}")


def set_view(session: Session, cache: ArrayCache, found: StoredSet, query: SetQuery) -> SetView:
    """Prepare the page. Raises NotFound or Conflict for a run that has no numbers."""
    runs = _runs(session, found)
    run = _run(session, found, runs, query.run)
    origin = found.origin if isinstance(found.origin, TopOrigin) else None
    kind = query.type or (origin.type if origin else 2)
    language = query.language or (origin.language if origin else "")
    if run is not None and language not in run.spec.languages:
        language = run.spec.languages[0]
    scores = None if run is None else cache.cached(session, run.owner, names.SCORE.format(type=kind, language=language))
    pages = max(1, -(-len(found.neurons) // PAGE_ROWS))
    page = min(query.page, pages)
    return SetView(
        runs=runs, run=run, language=language, type=kind,
        languages=[] if run is None else _languages(session, cache, found, run),
        members=_members(found, scores, query.sort, page), page=page, pages=pages,
        per_layer=found.per_layer().tolist(),
    )  # fmt: skip


def _runs(session: Session, found: StoredSet) -> list[Run]:
    query = select(Run).where(Run.model_id == found.row.model_id, Run.status == "complete")
    return list(session.scalars(query.order_by(Run.created.desc(), Run.id)))


def _run(session: Session, found: StoredSet, runs: list[Run], wanted: str) -> FinishedRun | None:
    own = getattr(found.origin, "run_id", None)
    known = [run.id for run in runs]
    chosen = wanted if wanted in known else own if own in known else known[0] if known else None
    return None if chosen is None else finished_run(session, chosen)


def _members(found: StoredSet, scores: AnyArray | None, sort: str, page: int) -> list[Member]:
    values = None if scores is None else scores[found.neurons[:, 0], found.neurons[:, 1]]
    order = np.arange(len(found.neurons))
    if values is not None and sort == "score":
        order = np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable")
    members = []
    for i in order[(page - 1) * PAGE_ROWS : page * PAGE_ROWS].tolist():
        layer, neuron = found.neurons[i].tolist()
        score = None if values is None or not np.isfinite(values[i]) else float(values[i])
        members.append(Member(str(NeuronId(layer, neuron)), layer, neuron, score))
    return members


def _languages(session: Session, cache: ArrayCache, found: StoredSet, run: FinishedRun) -> list[LanguageLine]:
    """A line a language: means over the set's neurons among the candidates of each type, and over all candidates."""
    store, lines = ArrayStore(session), []
    for index, language in enumerate(run.spec.all_languages):
        means: list[float | None] = []
        for kind in (1, 2):
            name, layers = names.SCORE.format(type=kind, language=language), run.summary.candidates(kind)
            if store.entry(run.owner, name) is None:
                means += [None, None]
                continue
            scores = cache.cached(session, run.owner, name)
            inside = (found.neurons[:, 0] >= layers.start) & (found.neurons[:, 0] < layers.stop)
            own = found.neurons[inside]
            means += [_mean(scores[own[:, 0], own[:, 1]]), _mean(scores[layers.start : layers.stop])]
        for name in (names.ETA2, names.ACTIVATION_POSITIVE):
            array = cache.cached(session, run.owner, name.format(language=language))
            means.append(_mean(array[found.neurons[:, 0], found.neurons[:, 1]]))
        lines.append(LanguageLine(language, index, *means))
    return lines


def _mean(values: AnyArray) -> float | None:
    finite = values[np.isfinite(values)]
    return float(finite.mean(dtype=np.float64)) if len(finite) else None
