"""Who is on duty, who is away, whom a clerk is to phone, and whether an officer has looked

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

KIND = "ck_due_times_kind"
BEFORE = (
    "kind in ('ask_helped', 'emergency_answer', 'triage', 'first_response', "
    "'first_response_half', 'first_response_late', 'resolve', 'resolve_half', 'resolve_late', "
    "'escalate', 'requester_answer', 'auto_close', 'offer_round', 'no_show')"
)
AFTER = BEFORE.replace("'no_show')", "'no_show', 'duty')")
KINDS = "station in ('mutual_aid', 'sanitation', 'mediation', 'culture', 'public_works')"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    _replace(AFTER)
    op.add_column("requests", sa.Column("seen_at", MOMENT, nullable=True))
    op.add_column("requests", sa.Column("duty_rung", sa.Text(), nullable=True))
    op.add_column("role_grants", sa.Column("covers", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_role_grants_covers"), "role_grants", "people", ["covers"], ["id"]
    )
    op.create_index(op.f("ix_role_grants_covers"), "role_grants", ["covers"])
    op.create_table(
        "absences",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("cover_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", MOMENT, nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_absences_order")),
        sa.CheckConstraint("cover_id <> person_id", name=op.f("ck_absences_two")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_absences_person_id")),
        sa.ForeignKeyConstraint(
            ["village_code"], ["org_units.code"], name=op.f("fk_absences_village_code")
        ),
        sa.ForeignKeyConstraint(["cover_id"], ["people.id"], name=op.f("fk_absences_cover_id")),
        sa.ForeignKeyConstraint(["set_by"], ["people.id"], name=op.f("fk_absences_set_by")),
        sa.PrimaryKeyConstraint("person_id", "village_code", name=op.f("pk_absences")),
    )
    op.create_index("ix_absences_village", "absences", ["village_code", "ends_at"])
    op.create_table(
        "duty_shifts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_duty_shifts_order")),
        sa.CheckConstraint(KINDS, name=op.f("ck_duty_shifts_station")),
        sa.ForeignKeyConstraint(
            ["village_code", "station"],
            ["stations.village_code", "stations.kind"],
            name=op.f("fk_duty_shifts_village_code_station"),
        ),
        sa.ForeignKeyConstraint(
            ["village_code"], ["org_units.code"], name=op.f("fk_duty_shifts_village_code")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_duty_shifts_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_shifts")),
    )
    op.create_index("ix_duty_shifts_village", "duty_shifts", ["village_code", "ends_at"])
    op.create_table(
        "phone_tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=True),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_phone_tasks_request_id")
        ),
        sa.ForeignKeyConstraint(
            ["unit_code"], ["org_units.code"], name=op.f("fk_phone_tasks_unit_code")
        ),
        sa.ForeignKeyConstraint(["done_by"], ["people.id"], name=op.f("fk_phone_tasks_done_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_tasks")),
        sa.UniqueConstraint("request_id", name=op.f("uq_phone_tasks_request_id")),
    )
    op.create_index(
        "ix_phone_tasks_unit", "phone_tasks", ["unit_code"],
        postgresql_where=sa.text("done_at is null"),
    )  # fmt: skip


def downgrade() -> None:
    """Take back."""
    for name in ("phone_tasks", "duty_shifts", "absences"):
        op.drop_table(name)
    op.drop_index(op.f("ix_role_grants_covers"), "role_grants")
    op.drop_constraint(op.f("fk_role_grants_covers"), "role_grants")
    op.drop_column("role_grants", "covers")
    op.drop_column("requests", "duty_rung")
    op.drop_column("requests", "seen_at")
    op.execute("delete from due_times where kind = 'duty'")
    _replace(BEFORE)


def _replace(check: str) -> None:
    op.drop_constraint(op.f(KIND), "due_times")
    op.create_check_constraint(op.f(KIND), "due_times", check, postgresql_not_valid=True)
    op.execute(f"alter table due_times validate constraint {KIND}")
