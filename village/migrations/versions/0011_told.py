"""What is needed to make the tallies of answers anew: the kind, when it was learnt, and resets

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

RESETS = """
insert into response_resets (id, person_id, at, personal)
select gen_random_uuid(), person_id, coalesce(forgotten_at, now()), personal from volunteers
where forgotten_at is not null or not personal
"""
KINDS = """
update offers o set kind = coalesce(r.category, t.station)
from tasks t join requests r on r.id = t.request_id where t.id = o.task_id and o.heard is not null
"""
SAID = """
update offers set said_at = coalesce(answered_at, created_at) where said_yes is not null
"""
FORGOTTEN = """
update volunteers v set forgotten_at = (select max(at) from response_resets r
                                        where r.person_id = v.person_id)
"""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "response_resets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("personal", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["volunteers.person_id"], name=op.f("fk_response_resets_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response_resets")),
    )
    op.create_index("ix_response_resets_person", "response_resets", ["person_id"])
    op.execute(RESETS)
    op.drop_column("volunteers", "forgotten_at")
    op.add_column("offers", sa.Column("kind", sa.Text(), nullable=True))
    op.add_column("offers", sa.Column("said_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(KINDS)
    op.execute(SAID)


def downgrade() -> None:
    """Take back."""
    op.drop_column("offers", "said_at")
    op.drop_column("offers", "kind")
    op.add_column(
        "volunteers", sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.execute(FORGOTTEN)
    op.drop_table("response_resets")
