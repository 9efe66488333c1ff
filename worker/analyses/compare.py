"""A comparison: one prompt written on by the normal model, with neurons changed, and with random neurons changed."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.contracts.comparisons import CompareResult, CompareSpec, Edit, Output, Role
from app.contracts.interventions import POSITION_WORDS
from app.db.provenance import SOFTWARE, public_name
from app.db.sets import StoredSet
from app.db.tables import Experiment
from app.errors import NotFound
from app.jobs.analysis import Analysis, Commit, Context, Stage
from app.jobs.subjects import settle_experiment
from app.text.verdicts import judge
from worker.analyses.changing import edit_words, replacement, unreached
from worker.analyses.chosen import as_pairs, as_tensors, by_layer, set_of
from worker.analyses.compare_metrics import diverges, metrics_of
from worker.analyses.compare_parts import Row, batches_of, control_draws, run_languages
from worker.analyses.compare_reading import Read, Reader, Reading, Subject, token_languages
from worker.analyses.compare_writing import Scribe, Written
from worker.analyses.opened import card_words, model_row, open_model
from worker.analyses.planning import plan_once
from worker.model.edits import MakeReplace, Neurons
from worker.model.language_model import LanguageModel
from worker.model.prompts import Prompted, pieces_of, prompted

WRITING_SHARE = 0.8  # of a comparison's time, for its progress; the rest is reading


@dataclass(frozen=True)
class Setup:
    """Everything that is known before a token is written; `subjects` are normal, ablated, control draws."""

    spec: CompareSpec
    model: LanguageModel
    prompt: Prompted
    stored: StoredSet
    make: MakeReplace
    subjects: tuple[Subject, ...]
    reader: Reader
    draws: tuple[tuple[tuple[int, int], ...], ...]
    source: str
    target: str | None
    hints: tuple[str, ...]  # languages that an output is likelier to be in: the run's and the target

    def neurons(self, row: Row) -> Neurons:
        """What a row changes."""
        return next(one.neurons for one in self.subjects if (one.role, one.draw) == (row.role, row.draw))


def write_comparison(context: Context, spec: CompareSpec, piece: dict[str, Any]) -> Commit:
    """Write all texts, force the normal one through every model, judge the languages, store the answer.

    Raises BadInput for whatever cannot be done, above all when no neuron was reached at any place.
    """
    began = time.perf_counter()
    setup = prepare(context, spec)
    scribe = Scribe(
        context, setup.model, setup.prompt.ids, setup.make, spec.intervention.positions, spec.sampling, setup.neurons
    )
    written = _write_all(context, scribe, spec)
    if not any(one.reached for one in written if one.row.role == "ablated"):
        raise unreached(spec.intervention.positions, len(setup.prompt.ids))
    text = next((one.tokens for one in written if one.row.role == "normal" and one.tokens), ())
    seen = {(one.row.role, one.row.draw) for one in written}
    subjects = [one for one in setup.subjects if (one.role, one.draw) in seen]
    context.progress(WRITING_SHARE, "Reading the same text with all")
    reading = setup.reader.read(setup.prompt.ids, text, subjects) if text else Reading((), (), ())
    result = _result(setup, scribe, written, reading, time.perf_counter() - began)

    def commit(session: Session) -> dict[str, Any]:
        row = session.get(Experiment, spec.experiment_id)
        if row is None:
            raise NotFound("The comparison was deleted while it ran.")
        row.result = result.model_dump(mode="json")
        return {"tokens": scribe.tokens}

    return commit


def prepare(context: Context, spec: CompareSpec) -> Setup:
    """Load the model and check everything that was asked. Raises BadInput, NotFound, ModelUnavailable."""
    model = open_model(context, spec.model_id, spec.dtype)
    prompt = prompted(model, spec.prompt, spec.template)
    with context.session() as session:
        stored = set_of(session, model, spec.set_id)
        make = replacement(session, model, spec.intervention)
        draws = control_draws(session, model, spec, stored.neurons)
        languages, posterior = token_languages(session, model, spec.lens_run)
        source = public_name(model_row(session, spec.model_id))
        known = run_languages(session, spec)
    chosen = as_tensors(by_layer(stored.neurons))
    subjects = (
        Subject("normal", 0, {}),
        Subject("ablated", 0, chosen),
        *(Subject("control", number, as_tensors(draw)) for number, draw in enumerate(draws)),
    )
    named = tuple(as_pairs(draw) for draw in draws)
    reader = Reader(context, model, make, spec.intervention.positions, languages, posterior)
    target = spec.target or judge(spec.prompt, hints=known).whole.language
    hints = (*known, target) if known and target else known  # a target alone would win every close case
    return Setup(spec, model, prompt, stored, make, subjects, reader, named, source, target, hints)


def _write_all(context: Context, scribe: Scribe, spec: CompareSpec) -> list[Written]:
    """Batch after batch, until all is written or a user wants no more."""
    batches = batches_of(spec.sampling.samples, spec.controls.draws)
    written: list[Written] = []
    for number, rows in enumerate(batches):
        note = "" if number == 0 else f"Batch {number + 1} of {len(batches)}"

        def said(fraction: float, number: int = number, note: str = note) -> None:
            context.progress(WRITING_SHARE * (number + fraction) / len(batches), note)

        written += scribe.write(rows, watched=number == 0, said=said)
        if scribe.stopped:
            break
    return written


def _result(
    setup: Setup, scribe: Scribe, written: Sequence[Written], reading: Reading, seconds: float
) -> CompareResult:
    model, prompt, target = setup.model, setup.prompt, setup.target
    normal = {one.row.sample: one for one in written if one.row.role == "normal"}
    norms = {(read.subject.role, read.subject.draw): read for read in reading.reads}
    outputs = [_output(setup, one, normal[one.row.sample], norms, target) for one in written]
    order = {"normal": 0, "ablated": 1, "control": 2}
    outputs.sort(key=lambda one: (one.sample, order[one.role], one.draw))
    return CompareResult(
        prompt_tokens=prompt.ids,
        prompt_pieces=tuple(pieces_of(model.tokenizer, prompt.ids, special=True)),
        prompt_text=prompt.text,
        outputs=tuple(outputs),
        forced=reading.forced,
        lens=reading.lens,
        metrics=metrics_of(outputs, reading.reads, target),
        control_neurons=setup.draws,
        target=target,
        seconds=seconds,
        tokens_per_second=scribe.tokens / max(scribe.seconds, 1e-9),
        provenance=_provenance(setup),
        stopped=scribe.stopped,
    )


def _output(
    setup: Setup,
    one: Written,
    normal: Written,
    norms: Mapping[tuple[Role, int], Read],
    target: str | None,
) -> Output:
    row, text = one.row, "".join(one.pieces)
    changed = row.role != "normal"
    read = norms.get((row.role, row.draw))
    return Output(
        role=row.role,
        draw=row.draw,
        sample=row.sample,
        tokens=one.tokens,
        pieces=one.pieces,
        text=text,
        stop=one.stop,
        verdict=judge(text, target=target, pieces=one.pieces, hints=setup.hints),
        edit=_edit(setup, one, read.norm if read else 0.0) if changed else None,
        diverges=diverges(one.tokens, normal.tokens, cut="stopped" in (one.stop, normal.stop)) if changed else None,
    )


def _edit(setup: Setup, one: Written, norm: float) -> Edit:
    neurons = setup.neurons(one.row)
    asked = sum(len(chosen) for chosen in neurons.values())
    words = "nothing was changed: the text ended before any place that was to be"
    if one.reached:
        intervention = setup.spec.intervention
        words = edit_words(intervention, sorted(neurons), one.reached, one.prompt_positions, one.generated_positions)
    return Edit(
        words=words,
        asked=asked,
        reached=one.reached,
        prompt_positions=one.prompt_positions,
        generated_positions=one.generated_positions,
        norm=norm,
    )


def _provenance(setup: Setup) -> dict[str, str]:
    """What is needed to make the same numbers again."""
    spec = setup.spec
    return {
        "model": setup.source,
        **card_words(setup.model),
        "seed": str(spec.sampling.seed),
        "control_seed": str(spec.controls.seed),
        "intervention": spec.intervention.name,
        "positions": POSITION_WORDS[spec.intervention.positions],
        "template": spec.template,
        "set": setup.stored.title,
        "set_hash": setup.stored.row.content_hash,
        "software": SOFTWARE,
    }


COMPARE = Analysis(
    kind="compare",
    stages=(Stage("write", "Writing", plan_once, write_comparison),),
    settle=settle_experiment,
)
