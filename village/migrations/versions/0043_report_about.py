"""Whom a report that must be made is about, so that who is close to them keeps out of it

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

TABLE, COLUMN = "duty_reports", "about_ids"


def upgrade() -> None:
    """Apply."""
    kept = postgresql.ARRAY(sa.Uuid())
    op.add_column(TABLE, sa.Column(COLUMN, kept, nullable=False, server_default="{}"))


def downgrade() -> None:
    """Take back."""
    op.drop_column(TABLE, COLUMN)
