"""Merging what several have written

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATES = ("draft", "submitted", "triage", "needs_info", "accepted", "dispatching", "assigned",
          "in_progress", "checking", "resolved", "closed", "rejected", "withdrawn",
          "handed_over", "not_ours")  # fmt: skip
MERGED_INTO = "fk_requests_merged_into"
VIA = "fk_follows_via"


def _states(states: tuple[str, ...]) -> None:
    name = op.f("ck_requests_status")
    op.execute(f"alter table requests drop constraint {name}")
    op.create_check_constraint(name, "requests", f"status in {states!r}")


def upgrade() -> None:
    """Apply."""
    _states((*STATES, "merged"))
    op.add_column("requests", sa.Column("merged_into", sa.Uuid()))
    op.add_column("requests", sa.Column("merged_from", sa.Text()))
    op.create_foreign_key(MERGED_INTO, "requests", "requests", ["merged_into"], ["id"])
    op.create_index(
        "ix_requests_merged_into", "requests", ["merged_into"],
        postgresql_where=sa.text("merged_into is not null"),
    )  # fmt: skip
    op.add_column("follows", sa.Column("via", sa.Uuid()))
    op.create_foreign_key(VIA, "follows", "requests", ["via"], ["id"], ondelete="CASCADE")


def downgrade() -> None:
    """Take back: what was merged goes on by itself."""
    op.execute("delete from follows where via is not null")
    op.drop_column("follows", "via")
    op.execute("update requests set status = merged_from where status = 'merged'")
    op.drop_column("requests", "merged_from")
    op.drop_column("requests", "merged_into")
    _states(STATES)
