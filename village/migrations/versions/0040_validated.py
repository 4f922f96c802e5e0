"""Hold the rows that are there against the constraints of 0037 to 0039

In a revision of its own: whoever adds a constraint locks the table for everybody until its
revision ends, while this reads all rows with people at work.
"""

from __future__ import annotations

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

ADDED = {
    "tasks": ("ck_tasks_held_from",),
    "due_times": ("ck_due_times_kind",),
    "standing_pairs": ("ck_standing_pairs_consent_how", "fk_standing_pairs_request_id"),
}


def upgrade() -> None:
    """Apply."""
    for table, names in ADDED.items():
        for name in names:
            op.execute(f"alter table {table} validate constraint {name}")


def downgrade() -> None:
    """Take back: what holds may go on holding."""
