"""Complaints about an officer

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
CHECKS = {
    "status": "status in ('filed', 'received', 'answered', 'closed')",
    "office": "office in ('head', 'deputy', 'mediator', 'chair', 'council_chair', 'clerk')",
    "reason": "reason in ('rude', 'unfair', 'money', 'privacy', 'neglect', 'other')",
    "rung": "rung in ('chair', 'clerk', 'township_officer')",
    "station": ("station in ('mutual_aid', 'sanitation', 'mediation', 'culture', 'public_works')"),
    "text": "char_length(text) between 1 and 1000",
}
STEPS = "step in ('file', 'receive', 'answer', 'raise', 'climb', 'close', 'lapse')"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "complaints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("complainant_id", sa.Uuid(), nullable=False),
        sa.Column("hide_me", sa.Boolean(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=True),
        sa.Column("about_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("rung", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("raised", sa.Boolean(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints")),
        *_keys("complaints", complainant_id="people.id", village_code="org_units.code",
               unit_code="org_units.code", request_id="requests.id"),
        *(sa.CheckConstraint(check, name=op.f(f"ck_complaints_{name}"))
          for name, check in CHECKS.items()),
    )  # fmt: skip
    op.create_index("ix_complaints_mine", "complaints", ["complainant_id", "id"])
    op.create_index("ix_complaints_handled", "complaints", ["unit_code", "rung", "id"])
    op.create_index(
        "ix_complaints_due", "complaints", ["due_at"],
        postgresql_where=sa.text("status <> 'closed'"),
    )  # fmt: skip
    op.create_table(
        "complaint_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("rung", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_steps")),
        *_keys("complaint_steps", complaint_id="complaints.id", by_id="people.id"),
        sa.CheckConstraint(STEPS, name=op.f("ck_complaint_steps_step")),
    )
    op.create_index("ix_complaint_steps_complaint", "complaint_steps", ["complaint_id", "id"])


def _keys(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))
        for column, target in columns.items()
    ]


def downgrade() -> None:
    """Take back."""
    op.drop_table("complaint_steps")
    op.drop_table("complaints")
