"""Lines about what is no request

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.alter_column("notifications", "event_id", nullable=True)


def downgrade() -> None:
    """Take back."""
    op.execute("delete from notifications where event_id is null")
    op.alter_column("notifications", "event_id", nullable=False)
