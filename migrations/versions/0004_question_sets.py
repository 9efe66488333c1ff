"""Question sets, their questions, and what models answered to them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Parents before children."""
    op.create_table(
        "question_sets",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("format", sa.String(40), nullable=False),
        sa.Column("languages", sa.JSON, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("report", sa.JSON, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_question_sets"),
        sa.UniqueConstraint("content_hash", name="uq_question_sets_content_hash"),
    )
    op.create_table(
        "questions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("set_id", sa.String(16), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("group_key", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("answers", sa.JSON, nullable=False),
        sa.Column("choices", sa.JSON, nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_questions"),
        sa.ForeignKeyConstraint(["set_id"], ["question_sets.id"], name="fk_questions_set_id", ondelete="CASCADE"),
    )
    op.create_index("ix_questions_set_language_number", "questions", ["set_id", "language", "number"], unique=True)
    op.create_table(
        "evaluation_items",
        sa.Column("experiment_id", sa.String(16), nullable=False),
        sa.Column("part", sa.String(160), nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "part", "number", name="pk_evaluation_items"),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiments.id"], name="fk_evaluation_items_experiment_id", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    """Without them."""
    for table in ("evaluation_items", "questions", "question_sets"):
        op.drop_table(table)
