"""Volunteers register themselves: what they applied with, and each step

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
STATES = (
    "status in ('applied', 'guardian_pending', 'verified', 'active', 'paused', 'left',"
    " 'declined', 'objected')"
)
STATES_BEFORE = "status in ('applied', 'verified', 'active', 'paused', 'left')"
STEPS = (
    "step in ('apply', 'consent', 'verify', 'activate', 'decline', 'object', 'admit', 'uphold',"
    " 'pause', 'resume', 'leave', 'lapse')"
)


def upgrade() -> None:
    """Apply."""
    _states(STATES)
    op.add_column(
        "stations",
        sa.Column("training_needed", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "registrations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("stations", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("consent_version", sa.Text(), nullable=False),
        sa.Column("applied_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("guardian_name", sa.Text(), nullable=True),
        sa.Column("guardian_how", sa.Text(), nullable=True),
        sa.Column("guardian_by", sa.Uuid(), nullable=True),
        sa.Column("guardian_at", MOMENT, nullable=True),
        sa.Column("guardian_code", sa.LargeBinary(), nullable=True),
        sa.Column("guardian_code_ends", MOMENT, nullable=True),
        sa.Column("verified_by", sa.Uuid(), nullable=True),
        sa.Column("declined_by", sa.Uuid(), nullable=True),
        sa.Column("declined_at", MOMENT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("objection", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registrations")),
        sa.UniqueConstraint("person_id", name=op.f("uq_registrations_person_id")),
        sa.UniqueConstraint("guardian_code", name=op.f("uq_registrations_guardian_code")),
        *_keys("registrations", person_id="volunteers.person_id", village_code="org_units.code",
               guardian_by="people.id", verified_by="people.id", declined_by="people.id"),
        sa.CheckConstraint("guardian_how in ('paper', 'account')",
                           name=op.f("ck_registrations_guardian_how")),
        sa.CheckConstraint("(guardian_how is null) = (guardian_at is null)",
                           name=op.f("ck_registrations_guardian")),
        sa.CheckConstraint("verified_by <> person_id", name=op.f("ck_registrations_second")),
    )  # fmt: skip
    op.create_index("ix_registrations_village", "registrations", ["village_code", "id"])
    op.create_index(
        "ix_registrations_due", "registrations", ["due_at"],
        postgresql_where=sa.text("due_at is not null"),
    )  # fmt: skip
    _create_steps()


def _create_steps() -> None:
    op.create_table(
        "registration_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_steps")),
        *_keys("registration_steps", person_id="people.id", by_id="people.id"),
        sa.CheckConstraint(STEPS, name=op.f("ck_registration_steps_step")),
    )
    op.create_index("ix_registration_steps_person", "registration_steps", ["person_id", "id"])


def _states(states: str) -> None:
    op.drop_constraint(op.f("ck_volunteers_status"), "volunteers", type_="check")
    op.create_check_constraint(op.f("ck_volunteers_status"), "volunteers", states)


def _keys(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))
        for column, target in columns.items()
    ]


def downgrade() -> None:
    """Take back; the release before knows neither who waits for a guardian nor who was declined."""
    op.drop_table("registration_steps")
    op.drop_table("registrations")
    op.drop_column("stations", "training_needed")
    op.execute("update volunteers set status = 'applied' where status = 'guardian_pending'")
    op.execute("update volunteers set status = 'left' where status in ('declined', 'objected')")
    _states(STATES_BEFORE)
