"""From what was chosen to what a worker is asked: checked, with the set of neurons stored if it is new."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.comparisons.actions import parameters_from
from app.comparisons.choice import Choice
from app.comparisons.form import GREEDY, CompareForm
from app.comparisons.neurons import typed_neurons
from app.contracts.base import Contract
from app.contracts.comparisons import CompareSpec
from app.contracts.complaints import complaint
from app.contracts.ids import NeuronId
from app.contracts.interventions import Controls, Intervention, Sampling
from app.contracts.results import ModelCard
from app.contracts.sets import PickedOrigin, TopOrigin
from app.db.arrays import ArrayStore
from app.db.sets import NewSet, stored_once
from app.db.tables import Model, NeuronSet
from app.db.top import choose_top
from app.errors import BadInput
from app.text.languages import canonical

PROMPT_BYTES = 100_000
Checked = TypeVar("Checked", bound=Contract)

TITLES = {
    "draws": "Control draws", "match": "Matched by", "seed": "Seed", "max_new_tokens": "New tokens",
    "temperature": "Temperature", "top_p": "Top p", "samples": "Samples", "count": "Number of neurons",
    "type": "Type", "measure": "Measure", "positions": "Positions", "template": "Template", "dtype": "Numbers",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A comparison that can be queued: its spec, its set and the run it belongs to."""

    spec: CompareSpec
    chosen: NeuronSet
    run_id: str | None


def ask(session: Session, choice: Choice, experiment_id: str, now: datetime) -> Asked:
    """Check everything, and store the set if it is a new one. Raises BadInput with the first thing that is wrong."""
    form, model, card = choice.form, choice.model, choice.card
    if model is None or card is None:
        named = f"There is no model {form.model[:40]} that can be compared." if form.model else "Add a model first."
        raise BadInput(named)
    _refuse_other_runs(choice, model)
    prompt = checked_prompt(form.prompt)
    sampling = checked(Sampling, sampling_of(form))
    if sampling.max_new_tokens >= card.context:
        raise BadInput(f"New tokens: the context of {model.name} holds {card.context:,} tokens, prompt included.")
    if form.template == "chat" and not card.chat_template:
        raise BadInput(f"{model.name} has no chat template; send the prompt raw.")
    controls = checked(Controls, {"draws": form.draws, "match": form.match, "seed": form.control_seed})
    action = choice.action
    if form.action != action.name:
        raise BadInput(f"No worker offers “{form.action[:40]}”; there are {', '.join(a.name for a in choice.actions)}.")
    intervention = checked(
        Intervention,
        {"name": action.name, "params": parameters_from(action, form.extra), "positions": form.positions,
         "run_id": choice.run.id if choice.run else None},
    )  # fmt: skip
    target = canonical(form.target) if form.target.strip() else None
    chosen = neuron_set(session, choice, model, card, now)
    lens = choice.lens_run
    values = {
        "experiment_id": experiment_id, "model_id": model.id, "set_id": chosen.id, "prompt": prompt,
        "template": form.template, "intervention": intervention, "controls": controls, "sampling": sampling,
        "target": target, "lens_run": lens.id if lens else None, "dtype": form.dtype,
    }  # fmt: skip
    return Asked(checked(CompareSpec, values), chosen, _run_of(choice, chosen))


def _refuse_other_runs(choice: Choice, model: Model) -> None:
    """A form is drawn with another run where the named one is not there; what is asked for is never another one's."""
    known = {run.id for run in choice.runs}
    for named in (choice.form.run, choice.form.lens_run):
        if named not in ("", "none") and named not in known:
            raise BadInput(f"{model.name} has no finished run {named[:40]}. Choose one of its runs.")


def checked_prompt(prompt: str) -> str:
    """The prompt with the line ends that a model knows. Raises BadInput if it is empty or too long."""
    plain = prompt.replace("\r\n", "\n").replace("\x00", "")
    if not plain.strip():
        raise BadInput("Write a prompt: the model needs something to go on with.")
    size = len(plain.encode("utf-8", "surrogatepass"))
    if size > PROMPT_BYTES:
        raise BadInput(f"The prompt has {size:,} bytes; at most {PROMPT_BYTES:,} fit. Shorten it.")
    return plain


def sampling_of(form: CompareForm) -> dict[str, object]:
    """Greedy is temperature 0 and one sample; the other fields keep what was typed for the next try."""
    values: dict[str, object] = {"max_new_tokens": form.max_new_tokens, "seed": form.seed}
    if form.mode == GREEDY:
        return values
    values |= {"temperature": form.temperature, "top_p": form.top_p, "samples": form.samples}
    try:
        if float(form.temperature) == 0:
            raise BadInput("Temperature 0 is greedy: choose greedy, or a temperature above 0.")
    except ValueError:
        pass  # said by the check of the contract
    return values


def checked(contract: type[Checked], values: dict[str, object]) -> Checked:
    """The contract with these values; raises BadInput with the first that cannot be, under its title."""
    for name, value in values.items():
        if isinstance(value, str) and name in ("temperature", "top_p") and not _finite(value):
            raise BadInput(f"{TITLES[name]}: “{value[:40]}” is not a finite number.")
    try:
        return contract.model_validate(values)
    except ValidationError as error:
        raise BadInput(complaint(error, lambda name: TITLES.get(name, name))) from error


def _finite(value: str) -> bool:
    try:
        return math.isfinite(float(value))
    except ValueError:
        return True  # said by the check of the contract


def neuron_set(session: Session, choice: Choice, model: Model, card: ModelCard, now: datetime) -> NeuronSet:
    """The stored set, or a new one of the neurons that were ticked, typed or asked of a run."""
    if choice.source == "set":
        return _stored(choice, model, card)
    if choice.source == "neurons":
        picked = typed_neurons(choice.form.neurons_text, card)
        few = ", ".join(str(NeuronId(*pair)) for pair in picked.tolist()[:4])
        name = few if len(picked) <= 4 else f"{len(picked):,} neurons picked"
        origin = PickedOrigin(run_id=choice.run.id if choice.run else None)
        return stored_once(session, model, NewSet(name, picked, origin), now)
    if choice.run is None:
        raise BadInput(f"No finished run of {model.name} ranks its neurons. Start a run, or name neurons yourself.")
    form = choice.form
    origin_values = {"run_id": choice.run.id, "language": form.language or choice.language, "type": form.type.strip(),
                     "measure": form.measure, "count": form.count}  # fmt: skip
    origin_values["type"] = int(form.type) if form.type.strip() in ("1", "2") else form.type  # type: ignore[assignment]
    found = choose_top(session, ArrayStore(session).get, checked(TopOrigin, dict(origin_values)))
    top = found.origin
    name = f"Top {top.count:,} Type-{top.type} of {top.language} · {choice.run.name}"
    return stored_once(session, model, NewSet(name, found.neurons, top), now)


def _stored(choice: Choice, model: Model, card: ModelCard) -> NeuronSet:
    found = choice.set
    if found is None or (choice.form.set and found.id != choice.form.set):
        raise BadInput("Choose a set of neurons, or say which neurons to change.")
    if (found.layers, found.neurons) != (card.layers, card.neurons):
        raise BadInput(
            f"The set “{found.name}” is for a model of {found.layers} layers with {found.neurons:,} neurons each; "
            f"{model.name} has {card.layers} with {card.neurons:,}. Choose a set of a model of this shape."
        )
    return found


def _run_of(choice: Choice, chosen: NeuronSet) -> str | None:
    """The run that a comparison is listed under: the one its set comes from, if it does."""
    named = chosen.origin.get("run_id")
    return named if isinstance(named, str) and any(run.id == named for run in choice.runs) else None
