"""How many people a task's last look lacked, and an index of what the reserve was asked

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply; a task that nobody could be asked for lacks at least one."""
    op.add_column(
        "tasks", sa.Column("short", sa.SmallInteger(), server_default="0", nullable=False)
    )
    op.execute("update tasks set short = 1 where starving")
    op.create_index(
        "ix_events_call_up", "events", ["at"], postgresql_where=sa.text("action = 'call_up'")
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_events_call_up", "events")
    op.drop_column("tasks", "short")
