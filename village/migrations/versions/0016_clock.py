"""What the clock tells: warnings, breaches, escalation

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KIND = "ck_due_times_kind"
RUNG = "ck_requests_escalated_to"
BEFORE = (
    "kind in ('ask_helped', 'emergency_answer', 'triage', 'first_response', 'resolve', "
    "'requester_answer', 'auto_close', 'offer_round', 'no_show')"
)
AFTER = (
    "kind in ('ask_helped', 'emergency_answer', 'triage', 'first_response', "
    "'first_response_half', 'first_response_late', 'resolve', 'resolve_half', 'resolve_late', "
    "'escalate', 'requester_answer', 'auto_close', 'offer_round', 'no_show')"
)
NEW = ("first_response_half", "first_response_late", "resolve_half", "resolve_late", "escalate")


def upgrade() -> None:
    """Apply."""
    _replace(AFTER)
    for name in ("response_breached_at", "resolve_breached_at", "escalation_seen_at"):
        op.add_column("requests", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("requests", sa.Column("escalated_to", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f(RUNG), "requests", "escalated_to in ('chair', 'clerk', 'township_officer')"
    )


def downgrade() -> None:
    """Take back."""
    op.drop_constraint(op.f(RUNG), "requests")
    names = ("escalated_to", "escalation_seen_at", "resolve_breached_at", "response_breached_at")
    for name in names:
        op.drop_column("requests", name)
    op.execute(sa.text("delete from due_times where kind = any(:new)").bindparams(new=list(NEW)))
    _replace(BEFORE)


def _replace(check: str) -> None:
    op.drop_constraint(op.f(KIND), "due_times")
    op.create_check_constraint(op.f(KIND), "due_times", check, postgresql_not_valid=True)
    op.execute(f"alter table due_times validate constraint {KIND}")
