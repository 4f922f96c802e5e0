"""A place is refused to who has as many as she wants, or is no active volunteer

Keep the code of the last release working on this schema: add first, remove a release later.
It asks the same, with her row locked, before it takes a place.
"""

from __future__ import annotations

from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

# Her row is locked before her places are counted, or two at the same moment would both count none.
REFUSE = """
create function refuse_full_hands() returns trigger language plpgsql as $$
declare
    hers volunteers;
    held int;
begin
    if new.person_id is null
        or tg_op = 'UPDATE' and new.person_id is not distinct from old.person_id then
        return new;
    end if;
    select * into hers from volunteers where person_id = new.person_id for no key update;
    if hers.status is distinct from 'active' then
        raise exception 'may not do this work: not_active'
            using errcode = 'check_violation', constraint = 'unfit';
    end if;
    select count(*) into held from places p join tasks t on t.id = p.task_id
        where p.person_id = new.person_id and p.task_id <> new.task_id
          and p.status in ('taken', 'checked_in') and t.status in ('open', 'filled');
    if held >= hers.max_open_tasks then
        raise exception 'may not do this work: at_capacity'
            using errcode = 'check_violation', constraint = 'full_hands';
    end if;
    return new;
end $$
"""
ASK = """
create trigger places_refuse_full_hands before insert or update of person_id on places
    for each row execute function refuse_full_hands()
"""


def upgrade() -> None:
    """Apply."""
    op.execute(REFUSE)
    op.execute(ASK)


def downgrade() -> None:
    """Take back."""
    op.execute("drop trigger places_refuse_full_hands on places")
    op.execute("drop function refuse_full_hands")
