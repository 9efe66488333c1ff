"""Geometry under intervention: the kind of experiment, its form, and what its page says."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from app.contracts import geometry as contract
from app.contracts.geometry import GeometryResult, GeometrySpec
from app.contracts.interventions import POSITION_WORDS
from app.contracts.jobs import Position
from app.contracts.results import ModelCard
from app.contracts.sets import MEASURES, Measure
from app.db.runs import FinishedRun
from app.errors import BadInput
from app.experiments.geometry_figures import figures
from app.experiments.geometry_source import METRIC_WORDS, GeometryState, shown_level
from app.experiments.kind import Desk, Kind, Shown, Table, Wanted
from app.experiments.run_fields import asked_run, asked_top, default_top, most
from app.web.formatting import counted, size
from app.web.state import query_string
from app.web.tabular import Cell

Which = Literal["both", "1", "2"]
TYPES: dict[Which, str] = {"both": "Type-1 and Type-2", "1": "Type-1 alone", "2": "Type-2 alone"}
Where = Literal["prompt_last", "prompt_but_first", "prompt"]
USUAL: dict[Position, Where] = {"last": "prompt_last", "last_content": "prompt_but_first", "mean": "prompt_but_first"}


class GeometryForm(BaseModel):
    """The fields of the form."""

    run: str = ""
    types: Which = "both"
    measure: Measure = "score"
    top: int | None = Field(None, ge=1, title="Neurons of each language and type")
    draws: int = Field(20, ge=0, le=200, title="Random draws")
    cross: Literal["yes", "no"] = "yes"
    positions: Literal["", "prompt_last", "prompt_but_first", "prompt"] = ""
    sentences: int = Field(200, ge=2, le=5000, title="Pairs of each language")
    map: str = "pca"
    seed: int = Field(42, ge=0, le=2**31 - 1, title="Seed")


def specify(desk: Desk, form: GeometryForm, experiment_id: str) -> Wanted:
    """The job of a form. Raises BadInput, NotFound or Conflict."""
    run = asked_run(desk, form.run)
    top = asked_top(run, form.top)
    if form.map and form.map not in run.summary.maps:
        raise BadInput(f"The run has no map “{form.map[:40]}”; it has {', '.join(run.summary.maps) or 'none'}.")
    spec = GeometrySpec(
        experiment_id=experiment_id,
        run_id=run.id,
        model_id=run.model.id,
        types=(1, 2) if form.types == "both" else (1,) if form.types == "1" else (2,),
        measure=form.measure,
        top=top,
        draws=form.draws,
        cross=form.cross == "yes",
        positions=form.positions or USUAL[run.spec.settings.position],
        sentences=form.sentences,
        map_method=form.map or None,
        seed=form.seed,
    )
    read, tokens, disk = _cost(run, spec)
    costs = (
        ("Reads", f"{counted(read, 'sentence')}, about {counted(round(tokens), 'token')}"),
        ("Conditions", f"{len(spec.conditions(run.spec.languages[0], run.spec.languages))} of each language and type"),
        ("Disk while it runs", size(disk)),
    )
    card = None if run.model.card is None else ModelCard.model_validate(run.model.card)
    seconds = tokens / card.tokens_per_second if card is not None and card.tokens_per_second > 0 else None
    return Wanted(spec, f"Geometry of {run.name}", run.model.id, run.id, seconds=seconds, costs=costs)


def _cost(run: FinishedRun, spec: GeometrySpec) -> tuple[int, float, float]:
    """Sentences read, tokens read, and bytes of the normal readings."""
    read, tokens, kept = 0, 0.0, 0
    for one in run.summary.languages:
        pairs = min(spec.sentences, one.pairs if one.language != run.spec.pivot else one.sentences)
        times = 1
        if one.language != run.spec.pivot:
            times += len(spec.types) * (len(spec.conditions(one.language, run.spec.languages)) - 1)
        read, kept = read + pairs * times, kept + pairs
        tokens += pairs * times * one.tokens / max(one.sentences, 1)
    card = run.summary.card
    return read, tokens, 4.0 * kept * (card.layers * card.neurons + (card.layers + 1) * card.hidden_size)


def fields(desk: Desk, form: GeometryForm) -> dict[str, Any]:
    """What the form shows beside its values."""
    run = asked_run(desk, form.run)
    return {
        "measures": MEASURES,
        "types": TYPES,
        "top": form.top or default_top(run),
        "most": most(run),
        "places": {key: POSITION_WORDS[key] for key in ("prompt_last", "prompt_but_first", "prompt")},
        "place": form.positions or USUAL[run.spec.settings.position],
        "maps": {name: card.title for name, card in run.summary.maps.items()},
    }


def show(shown: Shown) -> dict[str, Any]:
    """What the page says around the figures."""
    result = GeometryResult.model_validate(shown.result)
    spec = GeometrySpec.model_validate(shown.spec)
    return {
        "result": result,
        "asked": spec,
        "kind_shown": _type(shown, result),
        "level": shown_level(shown, result),
        "metrics": METRIC_WORDS,
        "places": POSITION_WORDS,
        "on_map": _on_map(shown, result),
    }


def _on_map(shown: Shown, result: GeometryResult) -> list[tuple[str, str]]:
    """Each language with the address of the run's map, at the shown level, that has its places over it."""
    kind, level = _type(shown, result), shown_level(shown, result)
    keys = (contract.ON_MAP.format(experiment=shown.experiment.id, language=one, type=kind) for one in result.languages)
    base = f"/runs/{shown.spec['run_id']}/map"
    return [
        (code, base + query_string({"level": level, "overlay": key}))
        for code, key in zip(result.languages, keys, strict=True)
    ]


def _type(shown: Shown, result: GeometryResult) -> int:
    wanted = shown.state.model_dump()["type"]
    return wanted if wanted in result.types else result.types[0]


def table(shown: Shown) -> Table:
    """A row a type, language, condition and level; a layer's numbers stand at the level of its output."""
    result = GeometryResult.model_validate(shown.result)

    def rows() -> Iterator[Sequence[Cell]]:
        for kind in result.types:
            for language in result.languages:
                where = {"type": kind, "language": language}
                levels = shown.desk.cache.cached(
                    shown.desk.session, shown.experiment.id, contract.LEVELS.format(**where)
                )
                layers = shown.desk.cache.cached(
                    shown.desk.session, shown.experiment.id, contract.LAYERS.format(**where)
                )
                for row, condition in enumerate(result.conditions[language]):
                    for level in range(result.layers + 1):
                        of_layer = (
                            [None] * len(contract.LAYER_METRICS) if level == 0 else layers[row, :, level - 1].tolist()
                        )
                        yield (f"type{kind}", language, condition, level, *levels[row, :, level].tolist(), *of_layer)

    return ("type", "language", "condition", "level", *contract.LEVEL_METRICS, *contract.LAYER_METRICS), rows()


GEOMETRY = Kind(
    name="geometry",
    title="Geometry under intervention",
    question="Do the languages still meet when a language's transfer neurons are zeroed, and when random ones are?",
    form=GeometryForm,
    specify=specify,
    table=table,
    show=show,
    fields=fields,
    figures=figures,
    state=GeometryState,
)
