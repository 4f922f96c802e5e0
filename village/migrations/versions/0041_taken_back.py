"""With which invitation somebody said that she is too close, so that she can take it back

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

TABLE, KEY = "conflict_declarations", "fk_conflict_declarations_offer_id"


def upgrade() -> None:
    """Apply."""
    op.add_column(TABLE, sa.Column("offer_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f(KEY), TABLE, "offers", ["offer_id"], ["id"])
    op.create_index(op.f("ix_conflict_declarations_offer_id"), TABLE, ["offer_id"])


def downgrade() -> None:
    """Take back."""
    op.drop_column(TABLE, "offer_id")
