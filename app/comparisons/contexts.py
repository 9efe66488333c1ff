"""What the templates of comparisons are given."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.comparisons import drawing
from app.comparisons.choice import Choice
from app.comparisons.form import spelled
from app.comparisons.journal import Journal
from app.comparisons.service import Comparison, line_of
from app.comparisons.stream import read_journal
from app.comparisons.view import ROLES, STOPS, TITLES, ResultQuery, result_view
from app.contracts.interventions import PAPER_RULES, POSITION_WORDS, Positions
from app.contracts.results import RunSummary
from app.contracts.sets import MEASURES
from app.db.jobs import job_view
from app.text.plural import counted

TEMPLATES = (("raw", "Raw", "The model goes on with the text as it is."),
             ("chat", "Chat", "The prompt as a user's message in the model's chat template."))  # fmt: skip
MATCHES = (("layer", "as many neurons in every layer"),
           ("layer_and_size", "as many in every layer, and of like activation times value-vector length"))  # fmt: skip


def positions_in_words() -> list[tuple[Positions, str, str]]:
    """Every choice of positions with its words and the paper's experiments that use it."""
    rules: dict[Positions, list[str]] = {}
    for rule in PAPER_RULES:
        rules.setdefault(rule.positions, []).append(rule.title.removesuffix(" (paper)"))
    return [(key, words, ", ".join(rules.get(key, ()))) for key, words in POSITION_WORDS.items()]


def form_context(choice: Choice) -> dict[str, Any]:
    """The form: what is chosen, what there is to choose from, in words."""
    summary = None
    if choice.run is not None and choice.run.summary is not None:
        summary = RunSummary.model_validate(choice.run.summary)
    kind = 1 if choice.form.type == "1" else 2
    return {
        "choice": choice,
        "form": choice.form,
        "templates": TEMPLATES,
        "spoken": (choice.pivot, *choice.languages) if choice.run else (),
        "positions": positions_in_words(),
        "matches": MATCHES,
        "measures": list(MEASURES.items()),
        "candidates": len(summary.candidates(kind)) * summary.neurons if summary else None,
    }


def running_context(session: Session, found: Comparison, query: ResultQuery, now: datetime) -> dict[str, Any]:
    """A comparison without an answer: waiting, being written, failed or cancelled, with the text there is."""
    job = found.job
    journal = read_journal(session, job) if job is not None else Journal()
    return {
        **_words(found),
        "comparison": found,
        "job": None if job is None else job_view(job, now),
        "line": line_of(session, job) if job is not None and job.status == "queued" else None,
        "journal": journal,
        "columns": [role for role in ROLES if role != "control" or found.spec.controls.draws],
        "leave": query.leave,
    }


def finished_context(found: Comparison, query: ResultQuery) -> dict[str, Any]:
    """A comparison with its answer."""
    result = found.result
    assert result is not None
    return {
        **_words(found),
        "comparison": found,
        "result": result,
        "view": result_view(result, query),
        "query": query,
        "stops": STOPS,
        "chance": drawing.chance,
    }


def _words(found: Comparison) -> dict[str, Any]:
    return {"titles": TITLES, "asked": asked_in_words(found)}


def asked_in_words(found: Comparison) -> str:
    """What is done, to what and where, in a phrase: `zero 100 neurons of “Top …” at all prompt tokens`."""
    action = found.spec.intervention
    chosen = counted(found.set.size, "neuron")
    params = ", ".join(f"{name} {spelled(value)}" for name, value in action.params.items())
    return f"{action.name}{f' ({params})' if params else ''} · {chosen} · at {POSITION_WORDS[action.positions]}"
