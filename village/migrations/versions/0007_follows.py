"""Following a neighbour's request

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# However a row comes or goes (an account that is erased takes its rows along), the count fits.
COUNT = """
create function count_followers() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        update requests set followers = followers + 1 where id = new.request_id;
    else
        update requests set followers = followers - 1 where id = old.request_id;
    end if;
    return null;
end $$;
create trigger follows_are_counted after insert or delete on follows
    for each row execute function count_followers();
"""


def upgrade() -> None:
    """Apply."""
    op.add_column("requests", sa.Column("followers", sa.Integer(), server_default="0"))
    op.alter_column("requests", "followers", nullable=False)
    op.create_table(
        "follows",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"],
            name=op.f("fk_follows_request_id"), ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"],
            name=op.f("fk_follows_person_id"), ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("request_id", "person_id", name=op.f("pk_follows")),
    )  # fmt: skip
    op.create_index(op.f("ix_follows_person_id"), "follows", ["person_id"])
    op.execute(COUNT)


def downgrade() -> None:
    """Take back."""
    op.drop_table("follows")
    op.execute("drop function count_followers()")
    op.drop_column("requests", "followers")
