"""Pictures and voices with a request

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

FILES, LINKS = "files", "request_files"
# However a row comes or goes, the count fits.
COUNT = """
create function count_files() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        update requests set file_count = file_count + 1 where id = new.request_id;
    else
        update requests set file_count = file_count - 1 where id = old.request_id;
    end if;
    return null;
end $$;
create trigger request_files_are_counted after insert or delete on request_files
    for each row execute function count_files();
"""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        FILES,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("seconds", sa.SmallInteger(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind in ('picture', 'voice')", name=op.f("ck_files_kind")),
        sa.CheckConstraint(
            "(kind = 'voice') = (seconds is not null)", name=op.f("ck_files_seconds")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_files_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
    )
    op.create_index("ix_files_owner_id", FILES, ["owner_id", "id"])
    # It is sealed: to press it together again only costs time.
    op.execute("alter table files alter column sealed set storage external")
    op.create_table(
        LINKS,
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.CheckConstraint("part in ('asked', 'done')", name=op.f("ck_request_files_part")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], ondelete="CASCADE",
            name=op.f("fk_request_files_request_id"),
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["files.id"], ondelete="CASCADE", name=op.f("fk_request_files_file_id")
        ),
        sa.PrimaryKeyConstraint("request_id", "file_id", name=op.f("pk_request_files")),
    )  # fmt: skip
    op.create_index("ix_request_files_file_id", LINKS, ["file_id"])
    op.add_column(
        "requests",
        sa.Column("file_count", sa.SmallInteger(), server_default="0", nullable=False),
    )
    op.execute(COUNT)


def downgrade() -> None:
    """Take back."""
    op.drop_table(LINKS)
    op.execute("drop function count_files()")
    op.drop_column("requests", "file_count")
    op.drop_table(FILES)
