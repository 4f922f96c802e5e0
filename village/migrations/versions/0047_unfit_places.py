"""A place is refused to who may not do the work: the last to ask is the database

Keep the code of the last release working on this schema: add first, remove a release later.
It asks the same before it takes a place.
"""

from __future__ import annotations

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

# The skills with a paper are those of `skills.csv`; who changes them there changes this as well.
WHY_UNFIT = """
create function why_unfit(task uuid, person uuid, at timestamptz) returns text
language sql stable as $$
    select case
        when exists (select from unnest(t.skills) as needed
            where not exists (select from unnest(v.skills) as own where starts_with(own, needed))
            or needed = any(array['护理', '焊工', '电工证', '驾驶']) and not exists (
                select from certificates c
                where c.person_id = v.person_id and starts_with(c.skill, needed)
                  and (c.valid_until is null
                    or c.valid_until >= (t.ends_at at time zone 'Asia/Shanghai')::date)))
            then 'not_skilled'
        when t.risk >= 2 and coalesce(v.insured_until, '-infinity')
            < (t.ends_at at time zone 'Asia/Shanghai')::date
            then 'not_insured'
        when coalesce(p.birth_year, 9999)
                >= extract(year from at at time zone 'Asia/Shanghai') - 18
            and not (v.guardian_consent and t.risk < 2 and t.people_needed > 1)
            then 'too_young'
        when r.sealed and not exists (
            select from role_grants g
            where g.person_id = v.person_id and g.role = 'mediator'
              and g.unit_code = t.village_code
              and g.valid_from <= at and (g.valid_to is null or g.valid_to > at))
            then 'not_accredited'
    end
    from tasks t join requests r on r.id = t.request_id
        join volunteers v on v.person_id = person join people p on p.id = v.person_id
    where t.id = task
$$
"""
REFUSE = """
create function refuse_unfit() returns trigger language plpgsql as $$
declare
    why text;
begin
    if new.person_id is null
        or tg_op = 'UPDATE' and new.person_id is not distinct from old.person_id then
        return new;
    end if;
    why := why_unfit(new.task_id, new.person_id, coalesce(new.taken_at, now()));
    if why is not null then
        raise exception 'may not do this work: %', why
            using errcode = 'check_violation', constraint = 'unfit';
    end if;
    return new;
end $$
"""
ASK = """
create trigger places_refuse_unfit before insert or update of person_id on places
    for each row execute function refuse_unfit()
"""


def upgrade() -> None:
    """Apply."""
    for statement in (WHY_UNFIT, REFUSE, ASK):
        op.execute(statement)


def downgrade() -> None:
    """Take back."""
    op.execute("drop trigger places_refuse_unfit on places")
    op.execute("drop function refuse_unfit")
    op.execute("drop function why_unfit")
