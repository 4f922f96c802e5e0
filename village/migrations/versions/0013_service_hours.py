"""Service hours of a village's own, and what people were reminded of

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

HOURS = "ck_org_units_service_hours"


def upgrade() -> None:
    """Apply."""
    op.add_column("org_units", sa.Column("serves_from", sa.Integer(), nullable=True))
    op.add_column("org_units", sa.Column("serves_to", sa.Integer(), nullable=True))
    op.add_column("org_units", sa.Column("serves_on", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f(HOURS),
        "org_units",
        "0 <= serves_from and serves_from + 240 <= serves_to and serves_to <= 1440",
    )
    op.create_check_constraint(
        op.f("ck_org_units_serves_on"), "org_units", "serves_on in ('every_day', 'working_days')"
    )
    op.create_table(
        "reminders",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_reminders")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("reminders")
    op.drop_constraint(op.f("ck_org_units_serves_on"), "org_units")
    op.drop_constraint(op.f(HOURS), "org_units")
    for column in ("serves_on", "serves_to", "serves_from"):
        op.drop_column("org_units", column)
