"""A question that nobody answers: reminders, the phone, and a late answer (R9)

Keep the code of the last release working on this schema: it lets such a question wait.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
KINDS = ("ask_helped", "emergency_answer", "triage", "first_response", "first_response_half",
         "first_response_late", "resolve", "resolve_half", "resolve_late", "escalate",
         "requester_answer", "auto_close", "offer_round", "no_show", "duty", "suspend_review",
         "suspend_limit")  # fmt: skip


def _kinds(values: tuple[str, ...]) -> None:
    name = "ck_due_times_kind"
    op.execute(f"alter table due_times drop constraint {name}")
    op.create_check_constraint(
        op.f(name), "due_times", f"kind in {values!r}", postgresql_not_valid=True
    )
    op.execute(f"alter table due_times validate constraint {name}")


def upgrade() -> None:
    """Apply."""
    for name in ("phone_tried_at", "lapsed_at"):
        op.add_column("requests", sa.Column(name, MOMENT, nullable=True))
    _kinds((*KINDS, "answer_remind"))


def downgrade() -> None:
    """Take back."""
    op.execute("delete from due_times where kind = 'answer_remind'")
    for name in ("phone_tried_at", "lapsed_at"):
        op.drop_column("requests", name)
    _kinds(KINDS)
