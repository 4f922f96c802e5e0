"""An answer for what is no village matter

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
STATES = ("draft", "submitted", "triage", "needs_info", "accepted", "dispatching", "assigned",
          "in_progress", "checking", "resolved", "closed", "rejected", "withdrawn",
          "handed_over")  # fmt: skip
DUE_KINDS = ("emergency_answer", "triage", "first_response", "resolve", "requester_answer",
             "auto_close", "offer_round", "no_show")  # fmt: skip


def _one_of(table: str, column: str, values: tuple[str, ...]) -> None:
    """Replace the check that `column` is one of `values`."""
    name = op.f(f"ck_{table}_{column}")
    op.execute(f"alter table {table} drop constraint {name}")
    op.create_check_constraint(name, table, f"{column} in {values!r}")


def upgrade() -> None:
    """Apply."""
    _one_of("requests", "status", (*STATES, "not_ours"))
    _one_of("due_times", "kind", (*DUE_KINDS, "ask_helped"))
    op.add_column("requests", sa.Column("advice", JSON))
    op.add_column("requests", sa.Column("helped", sa.Text()))
    op.create_check_constraint(op.f("ck_requests_helped"), "requests", "helped in ('yes', 'no')")


def downgrade() -> None:
    """Take back."""
    op.drop_column("requests", "helped")
    op.drop_column("requests", "advice")
    op.execute("delete from due_times where kind = 'ask_helped'")
    _one_of("due_times", "kind", DUE_KINDS)
    op.execute("update requests set status = 'triage' where status = 'not_ours'")
    _one_of("requests", "status", STATES)
