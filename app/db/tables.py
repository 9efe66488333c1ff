"""Every table on one screen or two."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Text
from sqlalchemy.dialects.sqlite import INTEGER as SQLITE_INTEGER
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import JSON, TypeDecorator

BigId = BigInteger().with_variant(SQLITE_INTEGER(), "sqlite")  # SQLite counts up only a plain INTEGER key


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment: SQLite hands back naive ones, so they are made aware here, and naive ones are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("A naive datetime cannot be stored.")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(
        naming_convention={
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime(), dict[str, Any]: JSON(), list[str]: JSON()}


class Model(Base):
    """A language model a user named: a hub id with its revision, or a local folder."""

    __tablename__ = "models"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(Text)
    revision: Mapped[str | None] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(16), default="queued")  # queued | running | complete | failed
    error: Mapped[str | None] = mapped_column(Text)
    card: Mapped[dict[str, Any] | None]  # contracts.results.ModelCard
    created: Mapped[datetime]


class Corpus(Base):
    """Parallel or plain text in several languages, normalised, unchangeable once stored."""

    __tablename__ = "corpora"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    format: Mapped[str] = mapped_column(String(16))
    pivot: Mapped[str | None] = mapped_column(String(35))
    languages: Mapped[list[str]]
    content_hash: Mapped[str] = mapped_column(String(64), unique=True)
    report: Mapped[dict[str, Any]]
    created: Mapped[datetime]


class Sentence(Base):
    """One line of a corpus in one language; sentences of equal group mean the same."""

    __tablename__ = "sentences"
    __table_args__ = (Index("ix_sentences_corpus_language_number", "corpus_id", "language", "number", unique=True),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    corpus_id: Mapped[str] = mapped_column(ForeignKey("corpora.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(String(35))
    number: Mapped[int]  # from 0, in the order of the corpus, within the language
    group: Mapped[str | None] = mapped_column("parallel_group", String(120))
    source: Mapped[str] = mapped_column(String(200))  # file:line
    text: Mapped[str] = mapped_column(Text)
    flags: Mapped[list[str]]


class QuestionSet(Base):
    """Questions with right answers in one or several languages, unchangeable once stored."""

    __tablename__ = "question_sets"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    format: Mapped[str] = mapped_column(String(40))
    languages: Mapped[list[str]]
    content_hash: Mapped[str] = mapped_column(String(64), unique=True)
    report: Mapped[dict[str, Any]]  # contracts.questions.QuestionReport
    created: Mapped[datetime]


class Question(Base):
    """One question in one language; questions of a set with equal key ask the same."""

    __tablename__ = "questions"
    __table_args__ = (Index("ix_questions_set_language_number", "set_id", "language", "number", unique=True),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    set_id: Mapped[str] = mapped_column(ForeignKey("question_sets.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(String(35))
    number: Mapped[int]  # from 0, in the order of the file, within the language
    key: Mapped[str] = mapped_column("group_key", String(120))
    kind: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text)
    answers: Mapped[list[str]]
    choices: Mapped[list[str]]
    source: Mapped[str] = mapped_column(String(200))  # file:line


class EvaluationItem(Base):
    """What a model answered to one question of an evaluation, under every condition."""

    __tablename__ = "evaluation_items"
    experiment_id: Mapped[str] = mapped_column(ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True)
    part: Mapped[str] = mapped_column(String(160), primary_key=True)  # language, or task of the harness
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    data: Mapped[dict[str, Any]]  # contracts.evaluations.Item


class Run(Base):
    """One scan of one model on one corpus."""

    __tablename__ = "runs"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    model_id: Mapped[str] = mapped_column(ForeignKey("models.id"))
    corpus_id: Mapped[str] = mapped_column(ForeignKey("corpora.id"))
    job_id: Mapped[str] = mapped_column(String(40), index=True)
    spec: Mapped[dict[str, Any]]  # contracts.jobs.ScanSpec
    status: Mapped[str] = mapped_column(String(16), index=True)  # contracts.jobs.Status
    error: Mapped[str | None] = mapped_column(Text)
    summary: Mapped[dict[str, Any] | None]  # contracts.results.RunSummary, once complete
    created: Mapped[datetime]
    started: Mapped[datetime | None]
    finished: Mapped[datetime | None]


class NeuronSet(Base):
    """A named list of neurons, never changed once stored: a change makes the next version of its family."""

    __tablename__ = "neuron_sets"
    __table_args__ = (Index("ix_neuron_sets_family_version", "family", "version", unique=True),)
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    family: Mapped[str] = mapped_column(String(16))  # id of the first version
    version: Mapped[int]  # from 1
    name: Mapped[str] = mapped_column(String(200))
    model_id: Mapped[str] = mapped_column(ForeignKey("models.id"), index=True)
    layers: Mapped[int]  # shape of the model: layers, and neurons per layer
    neurons: Mapped[int]
    size: Mapped[int]  # neurons in the set; the list is the array contracts.sets.SET_NEURONS of this id
    origin: Mapped[dict[str, Any]]  # contracts.sets.SetOrigin
    content_hash: Mapped[str] = mapped_column(String(64), index=True)
    created: Mapped[datetime]


class Experiment(Base):
    """A comparison, sweep, matrix, evaluation, report, ...: one job's question and its answer."""

    __tablename__ = "experiments"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), index=True)  # kind of its spec in contracts.jobs
    name: Mapped[str] = mapped_column(String(200))
    model_id: Mapped[str] = mapped_column(ForeignKey("models.id"), index=True)
    run_id: Mapped[str | None] = mapped_column(ForeignKey("runs.id"), index=True)
    job_id: Mapped[str] = mapped_column(String(40), index=True)
    spec: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(16), index=True)  # contracts.jobs.Status
    error: Mapped[str | None] = mapped_column(Text)
    result: Mapped[dict[str, Any] | None]  # the kind's result contract, once there is one
    created: Mapped[datetime] = mapped_column(index=True)
    started: Mapped[datetime | None]
    finished: Mapped[datetime | None]


class ExperimentSet(Base):
    """Which neuron sets an experiment uses."""

    __tablename__ = "experiment_sets"
    experiment_id: Mapped[str] = mapped_column(ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True)
    set_id: Mapped[str] = mapped_column(ForeignKey("neuron_sets.id"), primary_key=True, index=True)


class Share(Base):
    """A link to one frozen view: what its readers see is stored here, so that reading asks no model and no queue."""

    __tablename__ = "shares"
    token: Mapped[str] = mapped_column(String(64), primary_key=True)  # >= 128 random bits
    kind: Mapped[str] = mapped_column(String(20))  # comparison | run | neurons | neuron | set | map | figures | ...
    address: Mapped[str] = mapped_column(Text)  # of the live view
    title: Mapped[str] = mapped_column(String(300))
    summary: Mapped[str] = mapped_column(Text, default="")  # one sentence, for chat apps and lists
    styles: Mapped[list[str]]  # style sheets that the body needs
    html: Mapped[str] = mapped_column(Text)  # the view's body, server-rendered
    data: Mapped[dict[str, Any]]  # JSON twin
    table: Mapped[str] = mapped_column("csv", Text, default="")  # CSV twin
    provenance: Mapped[dict[str, Any]]
    code: Mapped[str] = mapped_column(Text, default="")  # "copy as Python", where there is one
    preview: Mapped[bytes | None] = mapped_column(LargeBinary)  # PNG for chat apps
    created: Mapped[datetime] = mapped_column(index=True)
    expires: Mapped[datetime | None]
    revoked: Mapped[datetime | None]


class Job(Base):
    """What users see of a queued piece of work; the queue itself belongs to the engine behind app.jobs."""

    __tablename__ = "jobs"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(300))
    subject: Mapped[str] = mapped_column(String(16), index=True)  # id of the run, model, ... it works on
    spec: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(16), index=True)  # contracts.jobs.Status
    stage: Mapped[str] = mapped_column(String(120), default="")
    done: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[int] = mapped_column(Integer, default=0)
    interactive: Mapped[bool] = mapped_column(default=False)  # somebody waits: goes ahead of the others
    estimate: Mapped[float | None]  # seconds, said before the start
    error: Mapped[str | None] = mapped_column(Text)
    event_seq: Mapped[int] = mapped_column(Integer, default=0)
    created: Mapped[datetime] = mapped_column(index=True)
    started: Mapped[datetime | None]
    finished: Mapped[datetime | None]


class Event(Base):
    """The log of a job: increasing ids without gaps, so that a page can resume after any of them."""

    __tablename__ = "events"
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))  # progress | status | warning | token | ...
    data: Mapped[dict[str, Any]]
    created: Mapped[datetime]


class WorkerLease(Base):
    """A worker process that lives, or died and is to be handed over: `beat` says when it was last seen."""

    __tablename__ = "worker_leases"
    executor: Mapped[str] = mapped_column(String(80), primary_key=True)
    host: Mapped[str] = mapped_column(String(200))
    device: Mapped[str] = mapped_column(String(80))
    pid: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), index=True)  # starting | live | dead | gone
    catalogue: Mapped[dict[str, Any] | None]  # contracts.results.Catalogue
    started: Mapped[datetime]
    beat: Mapped[datetime]


class Array(Base):
    """A named array of a run (or model): where its content-hashed bytes are, and how to read them."""

    __tablename__ = "arrays"
    owner: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(160), primary_key=True)
    dtype: Mapped[str] = mapped_column(String(16))
    shape: Mapped[list[int]] = mapped_column(JSON())
    hash: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigInteger)


class Blob(Base):
    """A piece of the bytes of an array, by the content hash of the whole; stored once however many name it."""

    __tablename__ = "blobs"
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    part: Mapped[int] = mapped_column(Integer, primary_key=True)
    uses: Mapped[int]  # arrays that name it; counted here so that the row's lock orders those who add and who delete
    data: Mapped[bytes] = mapped_column(LargeBinary)
