"""An intervention as a job asks for it: its parameters checked, its means read from a run, and said in words."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from sqlalchemy.orm import Session
from torch import Tensor

from app.contracts import arrays as names
from app.contracts.interventions import POSITION_WORDS, Intervention, Positions
from app.db.arrays import ArrayStore
from app.db.runs import finished_run
from app.errors import BadInput
from app.text.plural import counted
from worker.model.edits import MakeReplace, Replace
from worker.model.language_model import LanguageModel
from worker.numerics.interventions import NEEDING_MEANS
from worker.registry import INTERVENTIONS, Means, Params

DONE_WORDS = {"zero": "zeroed", "mean": "set to the mean over languages", "scale": "scaled", "clamp": "clamped"}


def replacement(session: Session, model: LanguageModel, asked: Intervention) -> MakeReplace:
    """How a row's neurons are replaced, ready for `RowEdits.of`.

    Raises BadInput for a parameter that cannot be, for means without a run or of a run of another model, and for means
    where a norm follows the MLP: the stored ones include its 1/rms, which depends on all neurons of a token, so they
    cannot be put back as activations.
    """
    method = INTERVENTIONS[asked.name]
    params = method.parse(asked.params)
    languages: tuple[str, ...] = ()
    stored = torch.empty(0, model.layers, model.neurons)
    if asked.name in NEEDING_MEANS:
        if model.site.post_norm:
            raise BadInput(
                f"{method.title}: in {model.architecture} a norm follows the MLP, and stored means include what it "
                "does; they cannot be put back as activations. Choose zero, scale or clamp."
            )
        languages, stored = _means(session, model, asked, method.title)

    def make(layer: int, neurons: Tensor) -> Replace:
        here = Means(languages, stored[:, layer].to(neurons.device).index_select(1, neurons))
        return partial(_run, asked.name, params, here)

    make(0, torch.zeros(1, dtype=torch.long))(torch.zeros(1, 1))  # a language that is not there is told now
    return make


def _run(name: str, params: Params, means: Means, activations: Tensor) -> Tensor:
    return INTERVENTIONS[name].run(params, activations, means)


def _means(session: Session, model: LanguageModel, asked: Intervention, title: str) -> tuple[tuple[str, ...], Tensor]:
    """Languages and mean activations [languages, layers, F] of the run."""
    if asked.run_id is None:
        raise BadInput(f"{title}: no run was chosen to take the mean activations from.")
    run = finished_run(session, asked.run_id)
    if (run.summary.layers, run.summary.neurons) != (model.layers, model.neurons) or (
        run.summary.card.weight_hash != model.weight_hash
    ):
        raise BadInput(f"{title}: the run “{run.row.name}” has read another model. Choose a run of this one.")
    store, languages = ArrayStore(session), run.spec.all_languages
    found = [store.get(run.id, names.ACTIVATION_MEAN.format(language=language)) for language in languages]
    return languages, torch.from_numpy(np.stack(found).astype(np.float32))


def done_words(asked: Intervention) -> str:
    """What was done to neurons, as a participle."""
    if asked.name == "transplant":
        return f"set to the mean of {asked.params.get('language', '')}"
    if asked.name == "scale":
        return f"scaled by {float(asked.params.get('factor', 2.0)):g}"
    if asked.name == "clamp":
        low, high = (float(asked.params.get(name, default)) for name, default in (("low", -1.0), ("high", 1.0)))
        return f"clamped between {low:g} and {high:g}"
    return DONE_WORDS.get(asked.name, f"changed ({asked.name})")


def edit_words(asked: Intervention, layers: Sequence[int], reached: int, prompt: int, generated: int) -> str:
    """What an intervention really did: “zeroed 1,000 neurons in layers 0–19 at 14 prompt positions; …”."""
    span = f"layer {layers[0]}" if len(layers) == 1 else f"layers {min(layers)}–{max(layers)}"
    places = [counted(count, f"{kind} position")
              for kind, count in (("prompt", prompt), ("generated", generated)) if count]  # fmt: skip
    untouched = [kind for kind, count in (("prompt", prompt), ("generated tokens", generated)) if not count]
    text = f"{done_words(asked)} {counted(reached, 'neuron')} in {span} at {' and '.join(places)}"
    return text + (f"; {untouched[0]} untouched" if untouched else "")


def unreached(positions: Positions, prompt: int) -> BadInput:
    """Why not one neuron was changed: there is no result then."""
    why = {
        "prompt_but_first": f"The prompt has {prompt} token, and the first is left alone.",
        "generated": "The model read none of its generated tokens: the text ended before the second.",
    }.get(positions, "The set is empty.")
    return BadInput(
        f"No neuron was changed at any place ({POSITION_WORDS[positions]}), so there is nothing to compare. {why} "
        "Choose other positions, or a longer text."
    )
