"""Service records: a volunteer's minutes on the word of two persons

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
STATES = "status in ('drafted', 'posted', 'disputed', 'corrected', 'final')"
STEPS = "step in ('draft', 'confirm', 'dispute', 'correct', 'finish')"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "service_records",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("disputed_by", sa.Uuid(), nullable=True),
        sa.Column("served_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("reminded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_records")),
        sa.UniqueConstraint("task_id", "person_id", name=op.f("uq_service_records_task_id_person_id")),
        *_keys("service_records", task_id="tasks.id", person_id="people.id",
               confirmed_by="people.id", disputed_by="people.id"),
        sa.ForeignKeyConstraint(
            ["village_code", "station"], ["stations.village_code", "stations.kind"],
            name=op.f("fk_service_records_village_code_station"),
        ),
        sa.CheckConstraint(STATES, name=op.f("ck_service_records_status")),
        sa.CheckConstraint("minutes between 0 and 1440", name=op.f("ck_service_records_minutes")),
        sa.CheckConstraint("confirmed_by <> person_id", name=op.f("ck_service_records_second")),
    )  # fmt: skip
    op.create_index("ix_service_records_mine", "service_records", ["person_id", "id"])
    op.create_index(
        "ix_service_records_station", "service_records", ["village_code", "station", "id"]
    )
    op.create_index(
        "ix_service_records_due", "service_records", ["due_at"],
        postgresql_where=sa.text("due_at is not null"),
    )  # fmt: skip
    _create_steps()
    op.create_index(
        "ix_places_completed", "places", ["completed_at"],
        postgresql_where=sa.text("status = 'completed'"),
    )  # fmt: skip


def _create_steps() -> None:
    op.create_table(
        "service_record_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_record_steps")),
        *_keys("service_record_steps", record_id="service_records.id", by_id="people.id"),
        sa.CheckConstraint(STEPS, name=op.f("ck_service_record_steps_step")),
    )
    op.create_index("ix_service_record_steps_record", "service_record_steps", ["record_id", "id"])


def _keys(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))
        for column, target in columns.items()
    ]


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_places_completed", "places")
    op.drop_table("service_record_steps")
    op.drop_table("service_records")
