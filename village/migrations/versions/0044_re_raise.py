"""Which rung answered an escalation, and that the villager put it to the next one

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("requests", sa.Column("answered_rung", sa.Text(), nullable=True))
    op.add_column("requests", sa.Column("re_raised_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("requests", "re_raised_at")
    op.drop_column("requests", "answered_rung")
