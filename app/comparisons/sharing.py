"""A finished comparison frozen for a share link, with the script that makes it again."""

from dataclasses import replace
from typing import Any

import numpy as np

from app.comparisons.contexts import asked_in_words, finished_context
from app.comparisons.exports import TOKENS, token_rows
from app.comparisons.script import Values, python_script
from app.comparisons.service import Comparison, find_comparison
from app.comparisons.view import ResultQuery
from app.contracts import arrays as names
from app.contracts.comparisons import CompareResult
from app.contracts.provenance import Provenance
from app.db.provenance import model_provenance
from app.db.runs import finished_run
from app.db.sets import find_set
from app.errors import Conflict
from app.figures.card import Card, Column, text_card
from app.text.plural import counted
from app.web.formatting import significant
from app.web.sharing import Place, SharedView, Sharer, pattern
from app.web.state import query_string
from app.web.tabular import csv_text

TITLES = {"normal": "Normal", "ablated": "Ablated", "control": "Random control"}
_FIELDS = (
    "model",
    "revision",
    "architecture",
    "weight_hash",
    "tokenizer_hash",
    "dtype",
    "device",
    "software",
    "positions",
)
_LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors", "python", "babelscope")


def share_comparison(place: Place) -> SharedView:
    """Prompt, texts, measures and provenance. Raises NotFound, and Conflict for one that has no answer yet."""
    found = find_comparison(place.session, place.parameters["comparison_id"])
    result = found.result
    if result is None:
        raise Conflict(
            f"The comparison “{found.row.name[:80]}” is {found.row.status} and has no answer yet. Share it once it has."
        )
    query = place.asked(ResultQuery).model_copy(update={"token": None, "leave": ""})
    came = comparison_provenance(found, result)
    context: dict[str, Any] = finished_context(found, query)
    controls = counted(found.spec.controls.draws, "random control")
    context["view"] = replace(context["view"], token=None, tokens=0)  # no token to step to
    return SharedView(
        kind="comparison",
        address=f"/comparisons/{found.id}{query_string(query)}",
        title=found.row.name[:300],
        summary=f"{found.model.name}: {asked_in_words(found)}, beside {controls}.",
        body=place.render("comparisons/_result.html", url=_nowhere, **context),
        data={"name": found.row.name, "spec": found.row.spec, "result": result.model_dump(mode="json"),
              "set": {"name": found.set.name, "neurons": _neurons(place, found)}},
        table=csv_text(TOKENS, token_rows(result)),
        provenance=came,
        preview=text_card(_card(found, came), [_column(output) for output in result.outputs
                                               if output.draw == 0 and output.sample == 0]),
        styles=("comparisons.css",),
        texts=(f"the prompt: “{_short(found.spec.prompt)}”",
               f"the {counted(len(result.outputs), 'text')} written from it",
               f"the name of the neuron set, “{found.set.name}”"),
        code=comparison_script(place, found, result, came),
    )  # fmt: skip


def comparison_provenance(found: Comparison, result: CompareResult) -> Provenance:
    """What the worker wrote down when it made the comparison, completed by the model's card."""
    told, base = dict(result.provenance), model_provenance(found.model, made=found.row.finished)
    known = {name: told.pop(name) for name in _FIELDS if told.get(name)}
    known.pop("model", None)
    told.pop("model", None)
    seed = told.pop("seed", "")
    versions = {name: told.pop(name) for name in list(told) if name in _LIBRARIES}
    more = {name.replace("_", " ").capitalize(): value for name, value in told.items() if value}
    return base.model_copy(
        update={
            **known,
            "seed": int(seed) if seed.lstrip("-").isdigit() else found.spec.sampling.seed,
            "versions": versions or base.versions,
            "more": {**more, "Comparison": found.id},
        }
    )


def comparison_script(place: Place, found: Comparison, result: CompareResult, came: Provenance) -> str:
    """The comparison as plain Python."""
    neurons = [(layer, neuron) for layer, neuron in _neurons(place, found)]
    control = result.control_neurons[0] if result.control_neurons else ()
    values = _means(place, found, [*neurons, *control])
    return python_script(found.row.name, found.spec, result, neurons, came, values)


def _neurons(place: Place, found: Comparison) -> list[list[int]]:
    return [[int(layer), int(neuron)] for layer, neuron in find_set(place.session, found.spec.set_id).neurons.tolist()]


def _means(place: Place, found: Comparison, neurons: list[tuple[int, int]]) -> Values:
    """The mean activations that neurons were set to, where the intervention sets means; each language counts alike."""
    action = found.spec.intervention
    if action.name not in ("mean", "transplant") or action.run_id is None:
        return {}
    run = finished_run(place.session, action.run_id)
    spoken = run.spec.all_languages if action.name == "mean" else (str(action.params["language"]),)
    read = [place.cache.cached(place.session, run.owner, names.ACTIVATION_MEAN.format(language=one)) for one in spoken]
    mean = np.stack(read).astype(np.float32).mean(axis=0, dtype=np.float32)
    return {(layer, neuron): float(mean[layer, neuron]) for layer, neuron in neurons}


def _card(found: Comparison, came: Provenance) -> Card:
    return Card(_short(found.spec.prompt), asked_in_words(found), came.model_at)


def _column(output: Any) -> Column:
    whole = output.verdict.whole
    told = f"{whole.language} {significant(whole.confidence, 2)}" if whole.language else "language not determined"
    return Column(TITLES[output.role], told, output.text)


def _short(prompt: str) -> str:
    shown = " ".join(prompt.split())
    return shown if len(shown) <= 120 else shown[:119] + "…"


def _nowhere(**_: object) -> str:
    """Links of the live page; they are taken out."""
    return ""


SHARERS = (Sharer("comparison", pattern("/comparisons/(?P<comparison_id>[a-z0-9]{12})"), share_comparison),)
