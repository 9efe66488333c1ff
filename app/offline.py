"""A scan without a server: the rows a queued scan would have, in a database of its own."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.complaints import complaint
from app.contracts.ids import new_id
from app.contracts.jobs import PRESETS, ScanSettings, ScanSpec
from app.corpora.service import store_corpus
from app.db.runs import store_run
from app.db.session import utc_now
from app.db.tables import Model
from app.errors import BadInput
from app.text.corpora import Format, read_corpus
from app.text.languages import canonical


@dataclass(frozen=True)
class Request:
    """What the command line asks for."""

    model: str
    revision: str | None
    corpus: Path
    format: Format
    languages: tuple[str, ...]
    pivot: str
    preset: str
    settings: tuple[str, ...]


def prepare(sessions: sessionmaker[Session], request: Request) -> str:
    """Store corpus, model and run; returns the run's id.

    Raises CorpusError, or BadInput when a language is not in the corpus or a setting is not one.
    """
    pivot = canonical(request.pivot)
    languages = tuple(canonical(code.strip()) for code in request.languages if code.strip())
    corpus = read_corpus(request.corpus, format=request.format, pivot=pivot)
    for language in (pivot, *languages):
        if language not in corpus.languages:
            raise BadInput(f"{request.corpus} has no sentences in {language}; it has {', '.join(corpus.languages)}.")
    now = utc_now()
    with sessions.begin() as session:
        row = store_corpus(session, corpus, request.corpus.name, now)
        folder = Path(request.model)
        source = str(folder.absolute()) if folder.is_dir() else request.model
        model = Model(
            id=new_id(), name=request.model, source=source, revision=request.revision, status="complete", created=now
        )
        spec = _spec(model.id, row.id, languages, pivot, request)
        session.add(model)
        session.flush()
        return store_run(session, spec, "scan", now).id


def _spec(model_id: str, corpus_id: str, languages: tuple[str, ...], pivot: str, request: Request) -> ScanSpec:
    chosen: dict[str, object] = PRESETS[request.preset].model_dump()
    for pair in request.settings:
        name, equals, value = pair.partition("=")
        if not equals or name not in ScanSettings.model_fields or name == "preset":
            known = ", ".join(field for field in ScanSettings.model_fields if field != "preset")
            raise BadInput(f"“{pair}” is not a setting; write name=value with one of {known}.")
        chosen[name] = value
        chosen["preset"] = "custom" if name not in {"batch_tokens", "shard_sentences", "seed"} else chosen["preset"]
    try:
        return ScanSpec(
            run_id=new_id(),
            model_id=model_id,
            corpus_id=corpus_id,
            languages=languages,
            pivot=pivot,
            settings=ScanSettings.model_validate(chosen),
        )
    except ValidationError as error:
        raise BadInput(complaint(error)) from error
