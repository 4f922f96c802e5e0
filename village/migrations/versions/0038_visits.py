"""Visits of standing pairs come due; how a villager without an account has agreed

Keep the code of the last release working on this schema: add first, remove a release later.
The rows that are there are held against the new rules in 0040, with no strong lock.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

KINDS = ("ask_helped", "emergency_answer", "triage", "first_response", "first_response_half",
         "first_response_late", "resolve", "resolve_half", "resolve_late", "escalate",
         "requester_answer", "auto_close", "offer_round", "no_show", "duty", "suspend_review",
         "suspend_limit", "answer_remind", "unresolved")  # fmt: skip


def _kinds(values: tuple[str, ...]) -> None:
    name = "ck_due_times_kind"
    op.execute(f"alter table due_times drop constraint {name}")
    op.create_check_constraint(
        op.f(name), "due_times", f"kind in {values!r}", postgresql_not_valid=True
    )


def upgrade() -> None:
    """Apply."""
    op.add_column("standing_pairs", sa.Column("request_id", sa.Uuid(), nullable=True))
    op.add_column("standing_pairs", sa.Column("consent_how", sa.Text(), nullable=True))
    op.create_foreign_key(
        op.f("fk_standing_pairs_request_id"),
        "standing_pairs",
        "requests",
        ["request_id"],
        ["id"],
        postgresql_not_valid=True,
    )
    op.create_index(op.f("ix_standing_pairs_request_id"), "standing_pairs", ["request_id"])
    _kinds((*KINDS, "visit"))


def downgrade() -> None:
    """Take back."""
    op.execute("delete from due_times where kind = 'visit'")
    _kinds(KINDS)
    op.drop_column("standing_pairs", "consent_how")
    op.drop_column("standing_pairs", "request_id")
