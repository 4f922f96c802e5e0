"""Papers on a volunteer's hours, issued by the villagers' committee

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

NAME = "hour_certificates"
MOMENT = sa.DateTime(timezone=True)
PEOPLE = ("person_id", "checked_by", "issued_by")
UNITS = ("unit_code", "village_code")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        NAME,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("from_day", sa.Date(), nullable=True),
        sa.Column("to_day", sa.Date(), nullable=True),
        sa.Column("parts", postgresql.JSONB(), nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("checked_by", sa.Uuid(), nullable=True),
        sa.Column("issued_by", sa.Uuid(), nullable=True),
        sa.Column("issued_at", MOMENT, nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hour_certificates")),
        sa.UniqueConstraint("number", name=op.f("uq_hour_certificates_number")),
        *_keys(PEOPLE, "people.id"),
        *_keys(UNITS, "org_units.code"),
        sa.CheckConstraint("status in ('requested', 'checked', 'issued', 'refused', 'revoked')",
                           name=op.f("ck_hour_certificates_status")),
        sa.CheckConstraint("issued_by <> person_id", name=op.f("ck_hour_certificates_second")),
        sa.CheckConstraint(
            "(status in ('issued', 'revoked')) = (number is not null and code is not null)",
            name=op.f("ck_hour_certificates_issued"),
        ),
    )  # fmt: skip
    op.create_index("ix_hour_certificates_mine", NAME, ["person_id", "id"])
    op.create_index("ix_hour_certificates_unit", NAME, ["unit_code", "id"])
    due, open_ = "due_at is not null", "status in ('requested', 'checked')"
    op.create_index("ix_hour_certificates_due", NAME, ["due_at"], postgresql_where=sa.text(due))
    op.create_index(
        "uq_hour_certificates_open", NAME, ["person_id"], unique=True,
        postgresql_where=sa.text(open_),
    )  # fmt: skip


def _keys(columns: tuple[str, ...], target: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{NAME}_{column}"))
        for column in columns
    ]


def downgrade() -> None:
    """Take back."""
    op.drop_table(NAME)
