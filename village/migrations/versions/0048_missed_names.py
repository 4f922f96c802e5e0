"""Under which wrong names a record without an account was to be claimed

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    kept = postgresql.ARRAY(sa.LargeBinary())
    op.add_column("people", sa.Column("missed_names", kept, nullable=False, server_default="{}"))


def downgrade() -> None:
    """Take back."""
    op.drop_column("people", "missed_names")
