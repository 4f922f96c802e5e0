"""Putting a request off for a time, with a reason and a day (R19, R33)

Keep the code of the last release working on this schema: it knows no suspended request.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
STATES = ("draft", "submitted", "triage", "needs_info", "accepted", "dispatching", "assigned",
          "in_progress", "checking", "resolved", "closed", "rejected", "withdrawn",
          "handed_over", "not_ours", "merged", "split")  # fmt: skip
KINDS = ("ask_helped", "emergency_answer", "triage", "first_response", "first_response_half",
         "first_response_late", "resolve", "resolve_half", "resolve_late", "escalate",
         "requester_answer", "auto_close", "offer_round", "no_show", "duty")  # fmt: skip
NEW_KINDS = ("suspend_review", "suspend_limit")
REASONS = ("weather", "waiting_material", "waiting_other_body", "waiting_meeting",
           "requester_absent")  # fmt: skip
COLUMNS: dict[str, Any] = {
    "suspended_from": sa.Text(),
    "suspend_reason": sa.Text(),
    "suspended_until": sa.Date(),
    "suspended_since": MOMENT,
    "suspended_for": sa.Interval(),
    "suspend_asked_at": MOMENT,
}


def _check(table: str, column: str, values: tuple[str, ...]) -> None:
    name = f"ck_{table}_{column}"
    op.execute(f"alter table {table} drop constraint if exists {name}")
    check = f"{column} in {values!r}"
    op.create_check_constraint(op.f(name), table, check, postgresql_not_valid=True)
    op.execute(f"alter table {table} validate constraint {name}")


def upgrade() -> None:
    """Apply."""
    for name, kind in COLUMNS.items():
        op.add_column("requests", sa.Column(name, kind, nullable=True))
    _check("requests", "status", (*STATES, "suspended"))
    _check("requests", "suspend_reason", REASONS)
    _check("due_times", "kind", (*KINDS, *NEW_KINDS))


def downgrade() -> None:
    """Take back."""
    kinds = sa.text("delete from due_times where kind = any(:new)")
    op.execute(kinds.bindparams(new=list(NEW_KINDS)))
    op.execute("update requests set status = suspended_from where status = 'suspended'")
    op.drop_constraint(op.f("ck_requests_suspend_reason"), "requests")
    for name in COLUMNS:
        op.drop_column("requests", name)
    _check("requests", "status", STATES)
    _check("due_times", "kind", KINDS)
