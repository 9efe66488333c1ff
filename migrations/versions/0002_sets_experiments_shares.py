"""Neuron sets, experiments with the sets they use, share links."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Parents before children."""
    _sets()
    _experiments()
    _shares()


def _sets() -> None:
    op.create_table(
        "neuron_sets",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("family", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("model_id", sa.String(16), nullable=False),
        sa.Column("layers", sa.Integer, nullable=False),
        sa.Column("neurons", sa.Integer, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("origin", sa.JSON, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_neuron_sets"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_neuron_sets_model_id"),
    )
    op.create_index("ix_neuron_sets_family_version", "neuron_sets", ["family", "version"], unique=True)
    op.create_index("ix_neuron_sets_model_id", "neuron_sets", ["model_id"])
    op.create_index("ix_neuron_sets_content_hash", "neuron_sets", ["content_hash"])


def _experiments() -> None:
    op.create_table(
        "experiments",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("model_id", sa.String(16), nullable=False),
        sa.Column("run_id", sa.String(16)),
        sa.Column("job_id", sa.String(40), nullable=False),
        sa.Column("spec", sa.JSON, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("result", sa.JSON),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("started", MOMENT),
        sa.Column("finished", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_experiments"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_experiments_model_id"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_experiments_run_id"),
    )
    for column in ("kind", "model_id", "run_id", "job_id", "status", "created"):
        op.create_index(f"ix_experiments_{column}", "experiments", [column])
    op.create_table(
        "experiment_sets",
        sa.Column("experiment_id", sa.String(16), nullable=False),
        sa.Column("set_id", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "set_id", name="pk_experiment_sets"),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiments.id"], name="fk_experiment_sets_experiment_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["set_id"], ["neuron_sets.id"], name="fk_experiment_sets_set_id"),
    )
    op.create_index("ix_experiment_sets_set_id", "experiment_sets", ["set_id"])


def _shares() -> None:
    op.create_table(
        "shares",
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("csv", sa.Text, nullable=False),
        sa.Column("provenance", sa.JSON, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("preview", sa.LargeBinary),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("expires", MOMENT),
        sa.Column("revoked", MOMENT),
        sa.PrimaryKeyConstraint("token", name="pk_shares"),
    )
    op.create_index("ix_shares_created", "shares", ["created"])


def downgrade() -> None:
    """Children before parents."""
    for table in ("shares", "experiment_sets", "experiments", "neuron_sets"):
        op.drop_table(table)
