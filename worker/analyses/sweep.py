"""Sweeps: prompts asked and sentences predicted under many conditions, block by block; then one table."""

import json
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts.sweeps import Asked, ListedPrompt, PromptsSpec, Written
from app.db.arrays import ArrayStore
from app.db.runs import finished_run
from app.db.tables import Sentence
from app.errors import BadInput, TooLong
from app.jobs.analysis import Analysis, Commit, Context, Stage
from app.jobs.subjects import settle_experiment
from app.text.verdicts import judge
from worker.analyses.changing import replacement
from worker.analyses.opened import open_model
from worker.analyses.planning import plan_once
from worker.analyses.sweep_answer import ASKED, LOSSES, REACHED, conclude
from worker.analyses.sweep_conditions import Condition, SweepSpec, conditions
from worker.model.asking import check_room, continue_greedily, prompt_tokens
from worker.model.batches import tokenise
from worker.model.edits import MakeReplace, RowEdits, alike
from worker.model.hooks import change
from worker.model.language_model import LanguageModel
from worker.model.training import sentence_losses

ROWS = 16  # conditions of one prompt in a batch
BEGINNING = 0.4  # of a sentence's tokens is the prompt


# --- what is asked ---------------------------------------------------------------------------------------------------
def plan_asking(context: Context, spec: SweepSpec) -> list[dict[str, Any]]:
    """Blocks of prompts, language by language."""
    if isinstance(spec, PromptsSpec):
        return [{"language": "", "start": start} for start in range(0, len(spec.prompts), spec.block)]
    count = {code: min(spec.prompts, len(texts(context, spec, code))) for code in spec.languages}
    return [
        {"language": code, "start": start} for code in spec.languages for start in range(0, count[code], spec.block)
    ]


def texts(context: Context, spec: SweepSpec, language: str) -> list[str]:
    """Sentences of a language, each text once; those that the run did not read come first."""
    if isinstance(spec, PromptsSpec):
        raise TypeError("A list of prompts has no corpus.")
    with context.session() as session:
        read = set(ArrayStore(session).get(spec.run_id, names.SENTENCES.format(language=language)).tolist())
        query = select(Sentence.id, Sentence.text).where(
            Sentence.corpus_id == spec.corpus_id, Sentence.language == language
        )
        rows = session.execute(query.order_by(Sentence.number)).all()
    ordered = [text for key, text in rows if key not in read] + [text for key, text in rows if key in read]
    found = list(dict.fromkeys(ordered))
    if not found:
        raise BadInput(f"The corpus has no sentence in {language} any more.")
    return found


def beginnings(model: LanguageModel, sentences: list[str]) -> list[tuple[str, list[int]]]:
    """The first tokens of each sentence, as text and as tokens, the tokenizer's own front included."""
    found = []
    for one in tokenise(model, sentences):
        keep = one.front + max(2, round(BEGINNING * (len(one.ids) - one.front)))
        ids = list(one.ids[:keep])
        found.append((str(model.tokenizer.decode(ids, skip_special_tokens=True)), ids))
    return found


def listed(model: LanguageModel, spec: PromptsSpec, prompt: ListedPrompt) -> list[int]:
    """The tokens of a prompt, in the model's chat template if asked for. Raises BadInput, TooLong."""
    text = prompt.text
    if spec.template == "chat":
        if not getattr(model.tokenizer, "chat_template", None):
            raise BadInput("This model has no chat template. Choose raw prompts.")
        message = [{"role": "user", "content": text}]
        text = str(model.tokenizer.apply_chat_template(message, tokenize=False, add_generation_prompt=True))
        ids: list[int] = model.tokenizer(text, add_special_tokens=False)["input_ids"]
        check_room(model, prompt.text, ids, spec.max_new_tokens)
        return ids
    return prompt_tokens(model, text, spec.max_new_tokens)


def fitting(model: LanguageModel, spec: PromptsSpec, start: int) -> list[tuple[str, str | None, list[int]]]:
    """Text, target and tokens of a block's prompts that the model can read; longer ones are left out."""
    found: list[tuple[str, str | None, list[int]]] = []
    for one in spec.prompts[start : start + spec.block]:
        with suppress(TooLong):
            ids = listed(model, spec, one)
            found.append((one.text, one.target or judge(one.text, hints=spec.hints).whole.language, ids))
    return found


def ask_block(context: Context, spec: SweepSpec, piece: dict[str, Any]) -> Commit:
    """Continue a block of prompts under every condition and judge what was written."""
    language, start = piece["language"], piece["start"]
    model = open_model(context, spec.model_id, spec.dtype)
    every = conditions(context, model, spec, language)
    if isinstance(spec, PromptsSpec):
        block = fitting(model, spec, start)
        hints: tuple[str, ...] = spec.hints
    else:
        sentences = texts(context, spec, language)[start : min(start + spec.block, spec.prompts)]
        block = [(text, language, ids) for text, ids in beginnings(model, sentences)]
        with context.session() as session:
            hints = tuple(dict.fromkeys((*finished_run(session, spec.run_id).spec.all_languages, *spec.languages)))
    make = _replacement(context, model, spec)
    blocks = [every[first : first + ROWS] for first in range(0, len(every), ROWS)]
    edits = [RowEdits.of(model, [one.neurons for one in rows], make) for rows in blocks]
    asked = []
    for done, (text, target, ids) in enumerate(block):
        context.check()
        outputs = _outputs(context, model, spec, edits, ids)
        written = [_judged(one, text, target, hints) for one, text in zip(every, outputs, strict=True)]
        asked.append(Asked(prompt=text, target=target, outputs=tuple(written)))
        context.progress((done + 1) / len(block), language)
    reached = [rows.count_reached(row) for rows in edits for row in range(rows.rows)]
    data = json.dumps([one.model_dump(mode="json") for one in asked], ensure_ascii=False).encode()

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        store.put(
            spec.experiment_id, ASKED.format(language=language or "-", start=start), np.frombuffer(data, np.uint8)
        )
        store.put(spec.experiment_id, REACHED.format(language=language or "-", start=start), np.array(reached))
        return {"prompts": len(asked)}

    return commit


def _replacement(context: Context, model: LanguageModel, spec: SweepSpec) -> MakeReplace:
    with context.session() as session:
        return replacement(session, model, spec.intervention)


def _outputs(
    context: Context, model: LanguageModel, spec: SweepSpec, edits: list[RowEdits], ids: list[int]
) -> list[str]:
    found: list[str] = []
    for rows in edits:
        context.check()
        found += continue_greedily(model, ids, rows, spec.intervention.positions, spec.max_new_tokens)
    return found


def _judged(one: Condition, text: str, target: str | None, hints: tuple[str, ...]) -> Written:
    verdict = judge(text, target=target, hints=hints)
    about = verdict.answer or verdict.whole
    return Written(
        arm=one.arm,
        dose=one.dose,
        ablated=one.ablated,
        draw=one.draw,
        text=text,
        language=about.language,
        reason=about.reason,
        in_target=verdict.in_target,
        line_pass=verdict.line_pass,
        word_pass=verdict.word_pass,
        switch=verdict.switch,
    )


# --- what is predicted -----------------------------------------------------------------------------------------------
def plan_losses(context: Context, spec: SweepSpec) -> list[dict[str, Any]]:
    """A piece a language."""
    if isinstance(spec, PromptsSpec) or not spec.sentences:
        return []
    return [{"language": code} for code in spec.languages]


def measure_losses(context: Context, spec: SweepSpec, piece: dict[str, Any]) -> Commit:
    """How well sentences of a language are predicted under every condition; neurons are changed at every token."""
    if isinstance(spec, PromptsSpec):
        raise TypeError("A list of prompts predicts nothing.")
    language = piece["language"]
    model = open_model(context, spec.model_id, spec.dtype)
    every = conditions(context, model, spec, language)
    sentences = tokenise(model, texts(context, spec, language)[-spec.sentences :])
    found = np.zeros((len(every), 2, len(sentences)))
    make = _replacement(context, model, spec)
    for row, one in enumerate(every):
        context.check()
        with change(model, one.neurons, alike(model, one.neurons, make)):
            losses = sentence_losses(model, sentences, spec.batch_tokens)
        found[row] = torch.stack([losses.sums, losses.tokens]).numpy()
        context.progress((row + 1) / len(every), language)

    def commit(session: Session) -> dict[str, Any]:
        ArrayStore(session).put(spec.experiment_id, LOSSES.format(language=language), found)
        return {"sentences": len(sentences)}

    return commit


_STAGES = (
    Stage("ask", "Asking", plan_asking, ask_block),
    Stage("losses", "Measuring perplexity", plan_losses, measure_losses),
    Stage("answer", "Writing the result", plan_once, conclude),
)
PROMPTS = Analysis("prompts", _STAGES, settle_experiment)
DOSE = Analysis("dose", _STAGES, settle_experiment)
MATRIX = Analysis("matrix", _STAGES, settle_experiment)
