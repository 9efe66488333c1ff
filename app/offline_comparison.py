"""A comparison without a server: model, set and experiment in a database of its own, computed in the foreground."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.comparisons import CompareResult, CompareSpec, Output
from app.contracts.complaints import complaint
from app.contracts.ids import new_id
from app.contracts.interventions import Controls, Intervention, Sampling
from app.contracts.sets import ImportedOrigin
from app.db.experiments import NewExperiment, store_experiment
from app.db.session import utc_now
from app.db.sets import NewSet, model_shape, store_set
from app.db.tables import Experiment, Model
from app.errors import BadInput, Conflict
from app.text.languages import canonical
from app.text.neuron_lists import read_neurons

Compute = Callable[[str], None]  # everything asked for under an id, in the worker's process


@dataclass(frozen=True)
class Asked:
    """What the command line asks for; `numbers` are fields of Sampling and Controls by name."""

    model: str
    revision: str | None
    prompt: str
    neurons: Path
    intervention: str
    parameters: tuple[str, ...]
    positions: str
    chat: bool
    target: str | None
    controls: Mapping[str, Any]
    sampling: Mapping[str, Any]


def compare(sessions: sessionmaker[Session], asked: Asked, compute: Compute) -> CompareResult:
    """Store what is needed, let `compute` inspect the model and write, and read the result.

    Raises BadInput or NeuronListError with what is wrong, Conflict when nothing came out.
    """
    if not asked.prompt.strip():
        raise BadInput("The prompt is empty. Write something that the model can go on from.")
    listed = read_neurons(asked.neurons.read_bytes(), asked.neurons.name)
    experiment_id = new_id()
    spec = _spec(asked, experiment_id)
    compute(_store_model(sessions, spec.model_id, asked))
    with sessions.begin() as session:
        model = session.get_one(Model, spec.model_id)
        listed.check(*model_shape(model))
        origin = ImportedOrigin(file=asked.neurons.name, format=listed.format)
        chosen = store_set(session, model, NewSet(asked.neurons.stem, listed.neurons, origin), utc_now())
        spec = spec.model_copy(update={"set_id": chosen.id})
        store_experiment(
            session, experiment_id, NewExperiment(spec, "compare", model.id, None, (chosen.id,)), utc_now()
        )
    compute(experiment_id)
    with sessions() as session:
        found = session.get_one(Experiment, experiment_id).result
    if found is None:
        raise Conflict("The comparison ended without a result.")
    return CompareResult.model_validate(found)


def _spec(asked: Asked, experiment_id: str) -> CompareSpec:
    params = dict(_parameters(asked.parameters))
    try:
        return CompareSpec(
            experiment_id=experiment_id,
            model_id=new_id(),
            set_id="",
            prompt=asked.prompt,
            template="chat" if asked.chat else "raw",
            intervention=Intervention.model_validate(
                {"name": asked.intervention, "positions": asked.positions, "params": params}
            ),
            controls=Controls.model_validate(asked.controls),
            sampling=Sampling.model_validate(asked.sampling),
            target=canonical(asked.target) if asked.target else None,
        )
    except ValidationError as error:
        raise BadInput(complaint(error)) from error


def _parameters(pairs: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """`factor=0.5` as a name and a number, a truth value or a text."""
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise BadInput(f"“{pair[:60]}” is not a parameter; write name=value, as factor=0.5.")
        try:
            yield name, json.loads(value)
        except json.JSONDecodeError:
            yield name, value


def _store_model(sessions: sessionmaker[Session], model_id: str, asked: Asked) -> str:
    folder = Path(asked.model)
    source = str(folder.absolute()) if folder.is_dir() else asked.model
    with sessions.begin() as session:
        session.add(
            Model(
                id=model_id,
                name=asked.model,
                source=source,
                revision=asked.revision,
                status="queued",
                created=utc_now(),
            )
        )
    return model_id


def in_words(result: CompareResult) -> Iterator[str]:
    """The outputs and their measures, line by line, for a terminal."""
    for output in result.outputs:
        if output.draw == 0 and output.sample == 0:
            yield f"── {output.role} · {_language(output)} · {output.stop}"
            if output.edit is not None:
                yield f"   {output.edit.words}"
            yield output.text
    for metric in result.metrics:
        rates = [(role, getattr(metric, role)) for role in ("normal", "ablated", "control")]
        told = ", ".join(f"{role} {rate.value:.4g}" for role, rate in rates if rate is not None)
        if told:
            yield f"{metric.title}: {told}"


def _language(output: Output) -> str:
    whole = output.verdict.whole
    return f"{whole.language} ({whole.confidence:.0%})" if whole.language else f"not determined: {whole.reason}"
