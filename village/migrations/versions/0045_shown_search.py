"""From when to when the picture stands that a head is shown of a search

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

NAMES = ("shown_as_of", "shown_until")


def upgrade() -> None:
    """Apply."""
    for name in NAMES:
        op.add_column("tasks", sa.Column(name, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take back."""
    for name in NAMES:
        op.drop_column("tasks", name)
