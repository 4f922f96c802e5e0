"""Parties to a request other than who asks, and who is tied to one of them

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

KEYS = {"request_id": "requests.id", "person_id": "people.id", "added_by": "people.id"}

# Everybody who is a party, of the household of one, or declared kin, as it was known `before`.
TIED = """
create function tied_to_parties(request uuid, before timestamptz default 'infinity')
returns setof uuid language sql stable as $$
    with parties as (
        select b.id, b.village_code, b.household
        from request_parties p join people b on b.id = p.person_id
        where p.request_id = request and p.at < before
        union
        select b.id, b.village_code, b.household
        from request_parties p join requests r on r.id = p.request_id
        join people b on b.village_code = r.village_code
            and (b.name = p.name or b.household = p.household)
        where p.request_id = request and p.at < before)
    select id from parties
    union
    select other_id from conflict_declarations join parties on id = person_id
        where declared_at < before
    union
    select person_id from conflict_declarations join parties on id = other_id
        where declared_at < before
    union
    select b.id from parties a join people b
        on a.village_code = b.village_code and a.household = b.household
$$;
create function is_tied_to_party(
    request uuid, person uuid, before timestamptz default 'infinity'
) returns boolean language sql stable as $$
    select exists (select from request_parties p where p.request_id = request)
        and exists (select from tied_to_parties(request, before) as tied where tied = person)
$$
"""

TOO_CLOSE = """
create or replace function is_too_close(request uuid, person uuid)
returns boolean language sql stable as $$
    select person = r.requester_id
        or exists (select 1 from request_exclusions e
                   where e.request_id = r.id and e.person_id = person)
        or exists (select 1 from conflict_declarations c
                   where (c.person_id = person and c.other_id = r.requester_id)
                      or (c.person_id = r.requester_id and c.other_id = person))
        or exists (select 1 from people a join people b
                       on a.village_code = b.village_code and a.household = b.household
                   where a.id = person and b.id = r.requester_id)
        {tied}
    from requests r where r.id = request
$$
"""

# What the triggers of 0002 call: from now on they ask the one function.
REFUSE = """
create or replace function refuse_too_close() returns trigger language plpgsql as $$
declare
    asked uuid;
begin
    if new.person_id is null then
        return new;
    end if;
    select t.request_id into asked from tasks t where t.id = new.task_id;
    if is_too_close(asked, new.person_id) then
        raise exception 'too close to the requester, or excluded: %', tg_table_name
            using errcode = 'check_violation', constraint = 'too_close';
    end if;
    return new;
end $$
"""
AS_BEFORE = """
create or replace function refuse_too_close() returns trigger language plpgsql as $$
declare
    asked uuid;
    requester uuid;
begin
    if new.person_id is null then
        return new;
    end if;
    select r.id, r.requester_id into asked, requester
        from requests r join tasks t on t.request_id = r.id where t.id = new.task_id;
    if new.person_id = requester
        or exists (select 1 from request_exclusions e
                   where e.request_id = asked and e.person_id = new.person_id)
        or exists (select 1 from conflict_declarations c
                   where (c.person_id = new.person_id and c.other_id = requester)
                      or (c.person_id = requester and c.other_id = new.person_id))
        or exists (select 1 from people a join people b
                       on a.village_code = b.village_code and a.household = b.household
                   where a.id = new.person_id and b.id = requester)
    then
        raise exception 'too close to the requester, or excluded: %', tg_table_name
            using errcode = 'check_violation', constraint = 'too_close';
    end if;
    return new;
end $$
"""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "request_parties",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("household", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("added_by", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_parties")),
        sa.CheckConstraint(
            "num_nonnulls(person_id, household, name) = 1", name=op.f("ck_request_parties_one")
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_request_parties_{column}"))
            for column, target in KEYS.items()
        ),
    )
    for column in ("request_id", "person_id"):
        op.create_index(op.f(f"ix_request_parties_{column}"), "request_parties", [column])
    op.execute(TIED)
    op.execute(TOO_CLOSE.format(tied="or is_tied_to_party(r.id, person)"))
    op.execute(REFUSE)


def downgrade() -> None:
    """Take back."""
    op.execute(AS_BEFORE)
    op.execute(TOO_CLOSE.format(tied=""))
    op.execute("drop function is_tied_to_party")
    op.execute("drop function tied_to_parties")
    op.drop_table("request_parties")
