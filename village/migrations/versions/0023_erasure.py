"""Erasure and retention: what has been forgotten, and the words of events that may go

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
# Of an event words may be forgotten, by who says so for the transaction; its facts never change.
REFUSE = """
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'events' and tg_op = 'UPDATE'
       and current_setting('wuzhan.forgetting', true) = 'on' then
        return null;
    end if;
    raise exception 'table % is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
"""
KEEP_FACTS = """
create function keep_facts() returns trigger language plpgsql as $$
begin
    if (to_jsonb(new) - 'data') is distinct from (to_jsonb(old) - 'data')
       or not old.data @> new.data then
        raise exception 'of an event words alone can go' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger events_keep_facts before update on events
    for each row execute function keep_facts();
"""
BEFORE = """
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'table % is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
"""


def upgrade() -> None:
    """Apply."""
    op.add_column("requests", sa.Column("forgotten_at", MOMENT, nullable=True))
    op.add_column("people", sa.Column("erased_at", MOMENT, nullable=True))
    op.create_index(
        "ix_people_erased", "people", ["id"], postgresql_where=sa.text("erased_at is not null")
    )
    op.execute(REFUSE)
    op.execute(KEEP_FACTS)
    op.create_table(
        "erasures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("still_open", sa.Integer(), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_erasures_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("erasures")
    op.execute("drop trigger events_keep_facts on events")
    op.execute("drop function keep_facts")
    op.execute(BEFORE)
    op.drop_index("ix_people_erased", "people")
    op.drop_column("people", "erased_at")
    op.drop_column("requests", "forgotten_at")
