"""Who has set how a village asks, version by version

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

APPEND_ONLY = """
create trigger dispatch_settings_versions_are_append_only
    before update or delete or truncate on dispatch_settings_versions
    for each statement execute function refuse_change()
"""


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "dispatch_settings", sa.Column("version", sa.Integer(), server_default="0", nullable=False)
    )
    op.create_table(
        "dispatch_settings_versions",
        sa.Column("settings_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("settings", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["settings_id"], ["dispatch_settings.id"],
            name=op.f("fk_dispatch_settings_versions_settings_id"),
        ),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["people.id"],
            name=op.f("fk_dispatch_settings_versions_changed_by"),
        ),
        sa.PrimaryKeyConstraint(
            "settings_id", "version", name=op.f("pk_dispatch_settings_versions")
        ),
    )  # fmt: skip
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    """Take back."""
    op.drop_table("dispatch_settings_versions")
    op.drop_column("dispatch_settings", "version")
