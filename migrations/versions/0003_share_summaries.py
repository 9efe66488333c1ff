"""Shares: a sentence for chat apps, and the style sheets of what they show."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Shares that exist already get an empty sentence and no sheets."""
    op.add_column("shares", sa.Column("summary", sa.Text, nullable=False, server_default=""))
    op.add_column("shares", sa.Column("styles", sa.JSON, nullable=False, server_default="[]"))


def downgrade() -> None:
    """Without them."""
    for column in ("styles", "summary"):
        op.drop_column("shares", column)
