"""Break-glass: an administrator reads one request, for an hour, on two people's word

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
KEYS = {"request_id": "requests.id", "asked_by": "people.id", "agreed_by": "people.id"}


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "break_glass",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("agreed_by", sa.Uuid(), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_break_glass")),
        sa.CheckConstraint("agreed_by <> asked_by", name=op.f("ck_break_glass_two_people")),
        sa.CheckConstraint(
            "(agreed_by is null) = (expires_at is null)", name=op.f("ck_break_glass_agreed")
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_break_glass_{column}"))
            for column, target in KEYS.items()
        ),
    )
    op.create_index("ix_break_glass_asked", "break_glass", ["asked_by", "request_id"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("break_glass")
