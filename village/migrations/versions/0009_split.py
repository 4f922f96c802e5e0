"""Several matters in one request

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATES = ("draft", "submitted", "triage", "needs_info", "accepted", "dispatching", "assigned",
          "in_progress", "checking", "resolved", "closed", "rejected", "withdrawn",
          "handed_over", "not_ours", "merged")  # fmt: skip


def _states(values: tuple[str, ...]) -> None:
    name = op.f("ck_requests_status")
    op.execute(f"alter table requests drop constraint {name}")
    op.create_check_constraint(name, "requests", f"status in {values!r}")


def upgrade() -> None:
    """Apply."""
    _states((*STATES, "split"))
    op.add_column("requests", sa.Column("parent_id", sa.Uuid()))
    op.create_foreign_key(
        op.f("fk_requests_parent_id"), "requests", "requests", ["parent_id"], ["id"]
    )
    op.create_index(op.f("ix_requests_parent_id"), "requests", ["parent_id"])


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_requests_parent_id"), "requests")
    op.drop_constraint(op.f("fk_requests_parent_id"), "requests")
    op.drop_column("requests", "parent_id")
    op.execute("update requests set status = 'withdrawn' where status = 'split'")
    _states(STATES)
