"""Calls to make for who has no account, and wrong codes of slips

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OUTCOMES = "outcome in ('reached', 'overtaken', 'claimed', 'called_back')"


def upgrade() -> None:
    """Apply."""
    _calls()
    op.create_table(
        "claim_tries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_claim_tries_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_tries")),
    )
    op.create_index("ix_claim_tries_person", "claim_tries", ["person_id", "at"])


def _calls() -> None:
    op.create_table(
        "phone_calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("caller_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint("kind in ('tell', 'call_back')", name=op.f("ck_phone_calls_kind")),
        sa.CheckConstraint(OUTCOMES, name=op.f("ck_phone_calls_outcome")),
        sa.CheckConstraint(
            "(done_at is null) = (outcome is null)", name=op.f("ck_phone_calls_done")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_phone_calls_request_id")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_phone_calls_event_id")),
        sa.ForeignKeyConstraint(
            ["caller_id"], ["people.id"], name=op.f("fk_phone_calls_caller_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_calls")),
        sa.UniqueConstraint("event_id", name=op.f("uq_phone_calls_event_id")),
    )
    op.create_index(
        "ix_phone_calls_open",
        "phone_calls",
        ["caller_id"],
        postgresql_where=sa.text("done_at is null"),
    )
    op.create_index("ix_phone_calls_request", "phone_calls", ["request_id"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("claim_tries")
    op.drop_table("phone_calls")
