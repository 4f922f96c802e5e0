"""The county's own configuration, version by version

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "config_versions",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("files", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("of", sa.Integer(), nullable=True),
        sa.CheckConstraint("number > 0", name=op.f("ck_config_versions_number")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_config_versions")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("config_versions")
