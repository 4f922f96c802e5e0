"""Phone numbers, sealed and found by a keyed hash

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("people", sa.Column("phone_hash", sa.LargeBinary(), nullable=True))
    op.add_column("people", sa.Column("phone_sealed", sa.LargeBinary(), nullable=True))
    op.add_column(
        "people", sa.Column("phone_verified_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_index(
        "ix_people_phone", "people", ["phone_hash"],
        postgresql_where=sa.text("phone_hash is not null"),
    )  # fmt: skip
    op.create_check_constraint(
        op.f("ck_people_phone"), "people", "(phone_hash is null) = (phone_sealed is null)"
    )


def downgrade() -> None:
    """Take back."""
    op.drop_constraint(op.f("ck_people_phone"), "people")
    op.drop_index("ix_people_phone", "people")
    for column in ("phone_verified_at", "phone_sealed", "phone_hash"):
        op.drop_column("people", column)
