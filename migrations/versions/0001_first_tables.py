"""The first tables: models, corpora, runs, jobs with their events, workers, arrays."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite counts up only a plain INTEGER key


def upgrade() -> None:
    """Parents before children."""
    _inputs()
    _runs()
    _jobs()
    _arrays()


def _inputs() -> None:
    op.create_table(
        "models",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("revision", sa.String(100)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("card", sa.JSON),
        sa.Column("created", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_models"),
    )
    op.create_table(
        "corpora",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("format", sa.String(16), nullable=False),
        sa.Column("pivot", sa.String(35)),
        sa.Column("languages", sa.JSON, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("report", sa.JSON, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_corpora"),
        sa.UniqueConstraint("content_hash", name="uq_corpora_content_hash"),
    )
    op.create_table(
        "sentences",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("corpus_id", sa.String(16), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("parallel_group", sa.String(120)),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("flags", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sentences"),
        sa.ForeignKeyConstraint(["corpus_id"], ["corpora.id"], name="fk_sentences_corpus_id", ondelete="CASCADE"),
    )
    columns = ["corpus_id", "language", "number"]
    op.create_index("ix_sentences_corpus_language_number", "sentences", columns, unique=True)


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("model_id", sa.String(16), nullable=False),
        sa.Column("corpus_id", sa.String(16), nullable=False),
        sa.Column("job_id", sa.String(40), nullable=False),
        sa.Column("spec", sa.JSON, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("summary", sa.JSON),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("started", MOMENT),
        sa.Column("finished", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_runs_model_id"),
        sa.ForeignKeyConstraint(["corpus_id"], ["corpora.id"], name="fk_runs_corpus_id"),
    )
    op.create_index("ix_runs_job_id", "runs", ["job_id"])
    op.create_index("ix_runs_status", "runs", ["status"])


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("subject", sa.String(16), nullable=False),
        sa.Column("spec", sa.JSON, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("stage", sa.String(120), nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("interactive", sa.Boolean, nullable=False),
        sa.Column("estimate", sa.Double),
        sa.Column("error", sa.Text),
        sa.Column("event_seq", sa.Integer, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("started", MOMENT),
        sa.Column("finished", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    for column in ("subject", "status", "created"):
        op.create_index(f"ix_jobs_{column}", "jobs", [column])
    op.create_table(
        "events",
        sa.Column("job_id", sa.String(40), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "seq", name="pk_events"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_events_job_id", ondelete="CASCADE"),
    )
    op.create_table(
        "worker_leases",
        sa.Column("executor", sa.String(80), primary_key=True),
        sa.Column("host", sa.String(200), nullable=False),
        sa.Column("device", sa.String(80), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("catalogue", sa.JSON),
        sa.Column("started", MOMENT, nullable=False),
        sa.Column("beat", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("executor", name="pk_worker_leases"),
    )
    op.create_index("ix_worker_leases_state", "worker_leases", ["state"])


def _arrays() -> None:
    op.create_table(
        "arrays",
        sa.Column("owner", sa.String(16), nullable=False),
        sa.Column("name", sa.String(160), nullable=False),
        sa.Column("dtype", sa.String(16), nullable=False),
        sa.Column("shape", sa.JSON, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("owner", "name", name="pk_arrays"),
    )
    op.create_index("ix_arrays_hash", "arrays", ["hash"])
    op.create_table(
        "blobs",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("hash", "part", name="pk_blobs"),
    )


def downgrade() -> None:
    """Children before parents."""
    for table in ("blobs", "arrays", "worker_leases", "events", "jobs", "runs", "sentences", "corpora", "models"):
        op.drop_table(table)
