"""The head hears before her village's other stations are asked, and may hold that, too

Keep the code of the last release working on this schema: add first, remove a release later.
The rows that are there are held against the new rules in 0040, with no strong lock.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

HELD = "ck_tasks_held_from"


def upgrade() -> None:
    """Apply."""
    op.add_column("tasks", sa.Column("village_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "tasks", sa.Column("held_from", sa.SmallInteger(), nullable=False, server_default="2")
    )
    op.create_check_constraint(
        op.f(HELD), "tasks", "held_from between 1 and 2", postgresql_not_valid=True
    )


def downgrade() -> None:
    """Take back."""
    op.drop_constraint(op.f(HELD), "tasks", type_="check")
    op.drop_column("tasks", "held_from")
    op.drop_column("tasks", "village_at")
