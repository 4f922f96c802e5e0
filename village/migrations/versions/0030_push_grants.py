"""Whether a person lets WeChat bring her messages of a kind

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "push_grants",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_push_grants_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["template"], ["notification_templates.code"], name=op.f("fk_push_grants_template")
        ),
        sa.PrimaryKeyConstraint("person_id", "template", name=op.f("pk_push_grants")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("push_grants")
