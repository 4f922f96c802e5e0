"""The duty-to-report record

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
CHECKS = {
    "kind": "kind in ('child', 'violence', 'danger')",
    "status": "status in ('raised', 'reported', 'receipted', 'dismissed')",
    "station": ("station in ('mutual_aid', 'sanitation', 'mediation', 'culture', 'public_works')"),
    "authority": (
        "authority in ('police', 'civil_affairs', 'education', 'women_federation', 'health', "
        "'other')"
    ),
    "reported": "(authority is null) = (reported_at is null)",
    "two_people": "dismissed_by <> dismiss_asked_by",
}
PEOPLE = ("raised_by", "reported_by", "dismiss_asked_by", "dismissed_by")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "duty_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("raised_by", sa.Uuid(), nullable=True),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("late_at", MOMENT, nullable=True),
        sa.Column("raised_at", MOMENT, nullable=False),
        sa.Column("authority", sa.Text(), nullable=True),
        sa.Column("receiver", sa.Text(), nullable=True),
        sa.Column("reported_by", sa.Uuid(), nullable=True),
        sa.Column("reported_at", MOMENT, nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("receipted_at", MOMENT, nullable=True),
        sa.Column("dismiss_reason", sa.Text(), nullable=True),
        sa.Column("dismiss_asked_by", sa.Uuid(), nullable=True),
        sa.Column("dismissed_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_reports")),
        sa.UniqueConstraint("request_id", name=op.f("uq_duty_reports_request_id")),
        _key("village_code", "org_units.code"),
        _key("request_id", "requests.id"),
        *(_key(column, "people.id") for column in PEOPLE),
        *(
            sa.CheckConstraint(check, name=op.f(f"ck_duty_reports_{name}"))
            for name, check in CHECKS.items()
        ),
    )
    op.create_index("ix_duty_reports_village", "duty_reports", ["village_code", "id"])
    op.create_index(
        "ix_duty_reports_due",
        "duty_reports",
        ["due_at"],
        postgresql_where=sa.text("status = 'raised'"),
    )


def _key(column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_duty_reports_{column}"))


def downgrade() -> None:
    """Take back."""
    op.drop_table("duty_reports")
