"""A review of a refusal, and what could not be done after all (R12, R26, R36)

Keep the code of the last release working on this schema: it knows no such end.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

STATES = ("draft", "submitted", "triage", "needs_info", "accepted", "dispatching", "assigned",
          "in_progress", "suspended", "checking", "resolved", "closed", "rejected", "withdrawn",
          "handed_over", "not_ours", "merged", "split")  # fmt: skip
KINDS = ("ask_helped", "emergency_answer", "triage", "first_response", "first_response_half",
         "first_response_late", "resolve", "resolve_half", "resolve_late", "escalate",
         "requester_answer", "auto_close", "offer_round", "no_show", "duty", "suspend_review",
         "suspend_limit", "answer_remind")  # fmt: skip


def _check(table: str, column: str, values: tuple[str, ...]) -> None:
    name = f"ck_{table}_{column}"
    op.execute(f"alter table {table} drop constraint {name}")
    check = f"{column} in {values!r}"
    op.create_check_constraint(op.f(name), table, check, postgresql_not_valid=True)
    op.execute(f"alter table {table} validate constraint {name}")


def upgrade() -> None:
    """Apply."""
    moment = sa.DateTime(timezone=True)
    op.add_column("requests", sa.Column("review_asked_at", moment, nullable=True))
    op.add_column("requests", sa.Column("unresolved_by", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_requests_unresolved_by"), "requests", "people", ["unresolved_by"], ["id"]
    )
    _check("requests", "status", (*STATES, "unresolved_closed"))
    _check("due_times", "kind", (*KINDS, "unresolved"))


def downgrade() -> None:
    """Take back."""
    op.execute("delete from due_times where kind = 'unresolved'")
    op.execute("update requests set status = 'withdrawn' where status = 'unresolved_closed'")
    op.drop_constraint(op.f("fk_requests_unresolved_by"), "requests")
    op.drop_column("requests", "unresolved_by")
    op.drop_column("requests", "review_asked_at")
    _check("requests", "status", STATES)
    _check("due_times", "kind", KINDS)
