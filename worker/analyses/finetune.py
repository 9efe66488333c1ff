"""Fine-tuning the neurons of a set: measured, trained block by block beside random neurons, and measured again."""

import hashlib
from typing import Any

import numpy as np
import torch
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contracts.finetuning import DELTA_FILE, FineTuneResult, FineTuneSpec, Perplexity, TrainedCondition
from app.db.arrays import ArrayStore
from app.db.session import utc_now
from app.db.sets import find_set
from app.db.tables import Experiment, Sentence
from app.errors import BadInput, NotFound
from app.jobs.analysis import Analysis, Commit, Context, Stage
from app.jobs.subjects import settle_experiment
from app.text.plural import counted
from worker.analyses.chosen import as_tensors, by_layer
from worker.analyses.opened import card_words, open_model
from worker.analyses.planning import plan_once
from worker.model.batches import tokenise
from worker.model.deltas import Delta, applied, file_bytes, relative_change, zero_delta
from worker.model.edits import Neurons
from worker.model.language_model import LanguageModel
from worker.model.training import Losses, Trainer, sentence_losses, training_batches
from worker.numerics.controls import matched
from worker.numerics.intervals import bootstrap_ratio

BLOCKS = 10  # the steps are cut into so many stages: what a crash can cost
CONDITIONS = ("set", "random")
_BEFORE, _AFTER, _STATE, _LOSS = "part/before/{}", "part/after/{}/{}", "part/state/{}/", "part/loss/{}"


# --- what is read and which neurons are trained ----------------------------------------------------------------------
def texts(context: Context, spec: FineTuneSpec, language: str, *, held_out: bool) -> list[str]:
    """Training or held-out sentences of a language, each text once.

    A fifth of the parallel groups, chosen by hash, is held out in every language, so that no translation of a test
    sentence is trained on. Raises BadInput when fewer than two are left.
    """
    with context.session() as session:
        query = select(Sentence.group, Sentence.text).where(
            Sentence.corpus_id == spec.corpus_id, Sentence.language == language
        )
        rows = session.execute(query.order_by(Sentence.number)).all()
    limit = spec.test_sentences if held_out else spec.train_sentences
    chosen = list(dict.fromkeys(text for group, text in rows if _held_out(group or text, spec.seed) == held_out))
    if len(chosen) < 2:
        kind = "held-out" if held_out else "training"
        raise BadInput(
            f"The corpus has {counted(len(chosen), f'{kind} sentence')} in {language}; at least 2 are needed."
        )
    return sorted(chosen, key=lambda text: _rank(text, spec.seed))[:limit]


def _rank(text: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{text}".encode()).digest()


def _held_out(key: str, seed: int) -> bool:
    return _rank(key, seed)[0] < 51  # a fifth of 256


def neurons_of(context: Context, spec: FineTuneSpec, condition: str) -> Neurons:
    """The set's neurons by layer, or equally many random others of the same layers."""
    with context.session() as session:
        found = find_set(session, spec.set_id)
    chosen = by_layer(found.neurons)
    return as_tensors(chosen if condition == "set" else matched(chosen, found.row.neurons, 1, spec.seed)[0])


# --- stages ----------------------------------------------------------------------------------------------------------
def plan_before(context: Context, spec: FineTuneSpec) -> list[dict[str, Any]]:
    """A piece a language."""
    return [{"language": language} for language in dict.fromkeys(spec.languages)]


def measure_before(context: Context, spec: FineTuneSpec, piece: dict[str, Any]) -> Commit:
    """Losses of a language's held-out sentences without any change."""
    return _measured(context, spec, piece["language"], None, _BEFORE.format(piece["language"]))


def plan_conditions(context: Context, spec: FineTuneSpec) -> list[dict[str, Any]]:
    """A piece a condition."""
    return [{"condition": condition} for condition in CONDITIONS]


def train_block(number: int) -> Stage:
    """The stage of one block of steps: state in, state out."""

    def work(context: Context, spec: FineTuneSpec, piece: dict[str, Any]) -> Commit:
        model = open_model(context, spec.model_id)
        condition = piece["condition"]
        trainer = _trainer(context, spec, model, condition)
        steps = range(number * spec.steps // BLOCKS, (number + 1) * spec.steps // BLOCKS)
        sentences = tokenise(model, texts(context, spec, spec.language, held_out=False))
        losses = []
        for done, batch in enumerate(training_batches(model, sentences, spec.batch_tokens, steps, spec.seed)):
            losses.append(trainer.step(batch))
            context.check()
            context.progress(done / len(steps))
        state, loss = trainer.state(), np.array(losses, np.float32)

        def commit(session: Session) -> dict[str, Any]:
            store, owner = ArrayStore(session), spec.experiment_id
            for name, tensor in state.items():
                store.put(owner, _STATE.format(condition) + name, tensor.numpy())
            store.put(owner, _LOSS.format(f"{condition}/{number}"), loss)
            return {"steps": len(losses)}

        return commit

    return Stage(f"train{number}", f"Training, block {number + 1} of {BLOCKS}", plan_conditions, work)


def plan_after(context: Context, spec: FineTuneSpec) -> list[dict[str, Any]]:
    """A piece a condition and language."""
    return [{**one, **two} for one in plan_conditions(context, spec) for two in plan_before(context, spec)]


def measure_after(context: Context, spec: FineTuneSpec, piece: dict[str, Any]) -> Commit:
    """The same losses with the trained changes."""
    condition, language = piece["condition"], piece["language"]
    delta = _trainer(context, spec, open_model(context, spec.model_id), condition).delta
    return _measured(context, spec, language, delta, _AFTER.format(condition, language))


def conclude(context: Context, spec: FineTuneSpec, piece: dict[str, Any]) -> Commit:
    """Result, delta files, and away with the temporary arrays."""
    model = open_model(context, spec.model_id)
    trainers = {condition: _trainer(context, spec, model, condition) for condition in CONDITIONS}
    conditions = tuple(_condition(context, spec, model, name, one.delta) for name, one in trainers.items())
    files = {name: _file(spec, model, one.delta) for name, one in trainers.items()}

    def commit(session: Session) -> dict[str, Any]:
        row, store = session.get(Experiment, spec.experiment_id), ArrayStore(session)
        if row is None:
            raise NotFound("The experiment was deleted while it ran.")
        started = row.started or row.created
        result = FineTuneResult(
            conditions=conditions,
            steps=spec.steps,
            recipe=_recipe(spec, model),
            provenance=card_words(model),
            seconds=(utc_now() - started).total_seconds(),
        )
        row.result = result.model_dump(mode="json")
        for name, data in files.items():
            array = np.frombuffer(data, np.uint8)
            store.put(spec.experiment_id, DELTA_FILE.format(condition=name), array)
        store.delete(spec.experiment_id, "part/")
        return {}

    return commit


# --- their parts -----------------------------------------------------------------------------------------------------
def _trainer(context: Context, spec: FineTuneSpec, model: LanguageModel, condition: str) -> Trainer:
    """A trainer as the last stored block left it."""
    neurons = neurons_of(context, spec, condition)
    trainer = Trainer(model, zero_delta(model, neurons, rows=spec.rows == "all_rows"), spec.rate)
    prefix = _STATE.format(condition)
    with context.session() as session:
        store = ArrayStore(session)
        kept = {
            name.removeprefix(prefix): torch.from_numpy(store.get(spec.experiment_id, name).copy())
            for name in store.names(spec.experiment_id, prefix)
        }
    if kept:
        trainer.load(kept)
    return trainer


def _measured(context: Context, spec: FineTuneSpec, language: str, delta: Delta | None, name: str) -> Commit:
    model = open_model(context, spec.model_id)
    sentences = tokenise(model, texts(context, spec, language, held_out=True))
    context.check()
    if delta is None:
        losses = sentence_losses(model, sentences, spec.batch_tokens)
    else:
        with applied(model, delta):
            losses = sentence_losses(model, sentences, spec.batch_tokens)

    def commit(session: Session) -> dict[str, Any]:
        ArrayStore(session).put(spec.experiment_id, name, torch.stack([losses.sums, losses.tokens]).numpy())
        return {"sentences": len(sentences)}

    return commit


def _condition(context: Context, spec: FineTuneSpec, model: LanguageModel, name: str, delta: Delta) -> TrainedCondition:
    with context.session() as session:
        store = ArrayStore(session)

        def losses(array: str) -> Losses:
            sums, tokens = torch.from_numpy(store.get(spec.experiment_id, array).copy())
            return Losses(sums, tokens)

        languages = dict.fromkeys(spec.languages)
        measured = tuple(
            _perplexity(code, losses(_BEFORE.format(code)), losses(_AFTER.format(name, code)), spec.seed)
            for code in languages
        )
        blocks = [store.get(spec.experiment_id, _LOSS.format(f"{name}/{block}")) for block in range(BLOCKS)]
    return TrainedCondition(
        condition="set" if name == "set" else "random",
        neurons=sum(len(chosen) for chosen in delta.neurons.values()),
        parameters=sum(tensor.numel() for tensor in delta.tensors.values()),
        loss=tuple(float(block.mean()) for block in blocks if block.size),
        languages=measured,
        change=relative_change(model, delta),
    )


def _perplexity(language: str, before: Losses, after: Losses, seed: int) -> Perplexity:
    change, low, high = bootstrap_ratio(after.sums - before.sums, before.tokens, seed)
    base = float(before.sums.double().sum() / before.tokens.double().sum())
    return Perplexity(
        language=language,
        sentences=len(before.sums),
        tokens=int(before.tokens.sum()),
        before=base,
        after=base + change,
        low=low,
        high=high,
    )


def _file(spec: FineTuneSpec, model: LanguageModel, delta: Delta) -> bytes:
    """A safetensors file of the changes and the neurons they belong to, in the model's stored layout."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in delta.tensors.items()}
    tensors |= {f"layer.{layer}.neurons": chosen.cpu().to(torch.int32) for layer, chosen in delta.neurons.items()}
    return file_bytes(tensors, {"format": "pt", **_recipe(spec, model), **card_words(model)})


def _recipe(spec: FineTuneSpec, model: LanguageModel) -> dict[str, str]:
    names = ("language", "rows", "steps", "rate", "batch_tokens", "train_sentences", "seed")
    return {
        "optimiser": "Adam, betas 0.9 and 0.999, constant rate",
        "down_projection": model.site.down,
        **{name: str(getattr(spec, name)) for name in names},
    }


FINETUNE = Analysis(
    kind="finetune",
    stages=(
        Stage("before", "Measuring every language", plan_before, measure_before),
        *(train_block(number) for number in range(BLOCKS)),
        Stage("after", "Measuring again", plan_after, measure_after),
        Stage("result", "Writing the result", plan_once, conclude),
    ),
    settle=settle_experiment,
)
