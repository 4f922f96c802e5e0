"""An index of the requests that have not ended, for the metrics of what is overdue

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index(
        "ix_requests_open", "requests", ["status"], postgresql_where=sa.text("ended_at is null")
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_requests_open", "requests")
