"""The first start: register the bundled model and its sentences, and queue one scan of them."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contracts.ids import new_id
from app.contracts.jobs import PRESETS, ScanSpec
from app.corpora.service import store_corpus
from app.db.questions import store_questions
from app.db.session import make_engine, make_sessions, utc_now
from app.db.tables import Corpus, Model, Run
from app.jobs.queue import JobQueue
from app.models.service import NewModel, add_model
from app.runs.service import queue_run
from app.settings import Settings
from app.text.corpora import read_corpus
from app.text.questions import read_questions

FOLDER = Path(__file__).resolve().parents[1] / "demo"
PIVOT = "en"
NAME = "Demo"
SENTENCES = 300  # a language, of 1,200: the first scan should be over within a minute on two cores


def ensure_demo(settings: Settings) -> None:
    """Do what `add_demo` does on the database of the settings."""
    engine = make_engine(settings.url)
    queue = JobQueue(engine)
    with make_sessions(engine).begin() as session:
        add_demo(session, queue, FOLDER, utc_now())
    engine.dispose()


def add_demo(session: Session, queue: JobQueue, folder: Path, now: datetime) -> Run | None:
    """Queue the inspection and the scan of the demo model; None if the database holds anything yet.

    Reads `model` (a model's folder), `corpus` (one file a language) and, where there are some, `questions`
    in `folder`. Raises BadInput, CorpusError.
    """
    if any(session.scalar(select(table.id).limit(1)) is not None for table in (Model, Corpus, Run)):
        return None
    wanted = NewModel(source=str(folder / "model"), name="Babelscope demo model")
    model = add_model(session, queue, wanted, model_root=None, now=now)
    read = read_corpus(folder / "corpus", format="nway", pivot=PIVOT)
    corpus = store_corpus(session, read, "Demo sentences", now)
    if (folder / "questions").is_dir():
        store_questions(session, read_questions(folder / "questions"), "Demo questions", now)
    spec = ScanSpec(
        run_id=new_id(),
        model_id=model.id,
        corpus_id=corpus.id,
        languages=read.languages[1:],
        pivot=PIVOT,
        settings=PRESETS["corrected"].model_copy(
            update={"max_sentences": SENTENCES, "candidate_rule": "similarity_gap"}  # its languages meet early
        ),
    )
    return queue_run(session, queue, spec, NAME, seconds=None, now=now)
