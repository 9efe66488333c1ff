"""What a user chooses for a new run, from a half-filled form to a checked specification."""

from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.contracts.complaints import complaint
from app.contracts.jobs import PRESETS, ScanSettings
from app.contracts.results import ModelCard
from app.db.runs import NAME_LENGTH
from app.db.tables import Corpus, Model, Sentence
from app.errors import BadInput, NotFound
from app.runs.estimate import Estimate, Reading, estimate
from app.runs.words import PRESET_WORDS, SETTINGS, named, text_of

Row = TypeVar("Row", Model, Corpus)


class RunForm(BaseModel):
    """The fields of the form, none of them needed: what is empty takes its default."""

    name: str = ""
    model: str = ""
    corpus: str = ""
    pivot: str = ""
    languages: list[str] = Field(default_factory=list)
    preset: str = ""
    shown_corpus: str = ""  # what the form was drawn for: choosing another starts languages or settings anew
    shown_preset: str = ""
    position: str = ""
    type1_target: str = ""
    final_norm: str = ""
    crossfit: str = ""
    deduplicate: str = ""
    centred: str = ""
    candidate_rule: str = ""
    candidate_fraction: str = ""
    max_sentences: str = ""
    neighbours: str = ""
    dtype: str = ""
    seed: str = ""
    shard_sentences: str = ""
    batch_tokens: str = ""
    detail_neurons: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A form made sense of: what is chosen, what there is to choose from, what it costs, and what is wrong with it."""

    name: str
    models: list[Model]
    corpora: list[Corpus]
    model: Model | None
    corpus: Corpus | None
    pivot: str
    counts: dict[str, int]
    languages: tuple[str, ...]
    settings: ScanSettings
    values: dict[str, str]
    estimate: Estimate | None
    problem: str | None


def choose(session: Session, form: RunForm) -> Choice:
    """Read the form leniently; whatever keeps a run from starting is the choice's `problem`."""
    models = list(session.scalars(select(Model).where(Model.card.is_not(None)).order_by(Model.created.desc())))
    models = [model for model in models if model.card is not None and model.status == "complete"]
    corpora = list(session.scalars(select(Corpus).order_by(Corpus.created.desc())))
    model = _named(models, form.model)
    corpus = _named(corpora, form.corpus)
    pivot, languages = _languages(corpus, form)
    settings, problem = read_settings(form)
    stored = {} if corpus is None else stored_readings(session, corpus.id)
    problem = problem or _missing(form, model, corpus, languages)
    cost = None
    if model is not None and corpus is not None and languages:
        card = ModelCard.model_validate(model.card)
        cost = estimate(card, _to_read(stored, corpus, pivot, languages, settings), settings)
    values = {setting.name: getattr(form, setting.name) for setting in SETTINGS} if problem else {}
    shown = {name: text_of(getattr(settings, name)) for name in (setting.name for setting in SETTINGS)}
    kept = {name: value for name, value in values.items() if value}
    return Choice(
        form.name[:NAME_LENGTH],
        models,
        corpora,
        model,
        corpus,
        pivot,
        {code: reading.sentences for code, reading in stored.items()},
        languages,
        settings,
        {**shown, **kept},
        cost,
        problem,
    )


def read_settings(form: RunForm) -> tuple[ScanSettings, str | None]:
    """The settings of the form over its preset, and a sentence if one of them cannot be."""
    other = form.shown_preset not in ("", form.preset) and form.preset in PRESETS
    base = PRESETS.get(form.preset, PRESETS["corrected"])
    if form.preset and form.preset not in PRESET_WORDS:
        return base, f"There is no preset “{form.preset[:40]}”; there are {', '.join(PRESET_WORDS)}."
    given = {} if other else {item.name: getattr(form, item.name).strip() for item in SETTINGS}
    given = {name: value for name, value in given.items() if value}
    try:
        return named(ScanSettings.model_validate({**base.model_dump(), **given})), None
    except ValidationError as error:
        return base, setting_sentence(error)


def setting_sentence(error: ValidationError) -> str:
    """The first complaint about a setting, under the setting's title."""
    titles = {setting.name: setting.title for setting in SETTINGS}
    return complaint(error, lambda name: titles.get(name, name))


def _named(rows: list[Row], chosen: str) -> Row | None:
    if not chosen:
        return rows[0] if rows else None
    return next((row for row in rows if row.id == chosen), None)


def _languages(corpus: Corpus | None, form: RunForm) -> tuple[str, tuple[str, ...]]:
    if corpus is None:
        return form.pivot, tuple(form.languages)
    codes = corpus.languages
    fresh = form.shown_corpus not in ("", corpus.id)
    usual = corpus.pivot or ("en" if "en" in codes else codes[0])
    pivot = usual if fresh or not form.pivot else form.pivot
    if fresh or (not form.languages and not form.shown_corpus):
        return pivot, tuple(code for code in codes if code != pivot)
    return pivot, tuple(dict.fromkeys(code for code in form.languages if code != pivot))


def _missing(form: RunForm, model: Model | None, corpus: Corpus | None, languages: tuple[str, ...]) -> str | None:
    if model is None:
        return _no_row("model", form.model, "Add a model first, or wait until its inspection is complete")
    if corpus is None:
        return _no_row("corpus", form.corpus, "Upload a corpus first")
    unknown = [code for code in (form.pivot, *languages) if code and code not in corpus.languages]
    if unknown and form.shown_corpus in ("", corpus.id):
        return f"The corpus “{corpus.name}” has no sentences in {', '.join(unknown)}."
    if not languages:
        return "Choose at least one language beside the pivot."
    return None


def _no_row(kind: str, chosen: str, otherwise: str) -> str:
    return f"There is no {kind} {chosen[:40]} that can be scanned." if chosen else f"{otherwise}."


def stored_readings(session: Session, corpus_id: str) -> dict[str, Reading]:
    """How many sentences of which mean length the corpus has, by language."""
    query = select(Sentence.language, func.count(), func.avg(func.length(Sentence.text)))
    query = query.where(Sentence.corpus_id == corpus_id).group_by(Sentence.language)
    return {code: Reading(number, float(mean)) for code, number, mean in session.execute(query)}


def _to_read(
    stored: dict[str, Reading], corpus: Corpus, pivot: str, languages: tuple[str, ...], settings: ScanSettings
) -> dict[str, Reading]:
    """What a scan would read of it; in pair files the pivot has sentences of its own for each language."""
    most = settings.max_sentences
    read = {code: min(stored[code].sentences, most) for code in languages if code in stored}
    pivots = sum(read.values()) if corpus.format == "pairs" else most
    if pivot in stored:
        read[pivot] = min(stored[pivot].sentences, pivots)
    return {code: Reading(number, stored[code].characters) for code, number in read.items()}


def checked(choice: Choice) -> tuple[Model, Corpus]:
    """The model and the corpus of a choice that can start. Raises BadInput with what is wrong."""
    if choice.problem is not None:
        raise BadInput(choice.problem)
    if choice.model is None or choice.corpus is None:
        raise NotFound("Choose a model and a corpus.")
    return choice.model, choice.corpus
