from __future__ import annotations

import threading
import time

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine

from village import migrate
from village.db import Base, create_engine

# The newest revision of the version before, which serves beside this one during an upgrade.
BEFORE = "0018"
# What new constraints ask of the version before, which does not know them: each was looked at.
ASKED_OF_BOTH = {
    "ck_due_times_kind": "more kinds than before",
    "ck_requests_status": "one state more; what is in it, the version before must not be asked for",
    "ck_requests_suspend_reason": "it writes none",
    "ck_phone_calls_kind": "one kind more; it makes none and shows those that it reads",
    "ck_phone_calls_outcome": "more outcomes than before",
    "ck_phone_calls_rating": "it writes none",
    "ck_phone_calls_solved": "it writes none",
    "ck_standing_pairs_consent_how": "it writes none",
    "ck_tasks_held_from": "it writes none",
    "fk_conflict_declarations_offer_id": "it writes none",
    "fk_requests_unresolved_by": "it writes none",
    "fk_standing_pairs_request_id": "it writes none",
    "fk_role_grants_covers": "it writes none",
    "ck_people_phone": "it writes neither",
    "ck_volunteers_status": "more states than before; it asks only whether she is active",
    "ck_routing_rules_proposal": "it writes none",
    "fk_routing_rules_proposed_by_people": "it writes none",
    "ck_wechat_identities_openid": "it writes the plain one, as may be",
    "pk_wechat_identities": "the id has a default; the openid stays unique",
    "uq_wechat_identities_openid": "was the primary key",
    "uq_wechat_identities_openid_hash": "it writes none",
}


def tables(engine: Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names()) - {"alembic_version"}


def test_there_is_one_newest_revision() -> None:
    assert len(ScriptDirectory(str(migrate.FOLDER)).get_heads()) == 1


def test_the_migrations_make_what_the_models_say(engine: Engine) -> None:
    with engine.connect() as link:
        context = MigrationContext.configure(link, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    assert migrate.current(engine) == migrate.head()


def test_check_constraints_are_those_of_the_models(engine: Engine) -> None:
    found = sa.text("select conname from pg_constraint where contype = 'c'")
    with engine.connect() as link:
        in_database = {name for name in link.scalars(found) if name.startswith("ck_")}
    declared = {
        str(check.name)
        for table in Base.metadata.tables.values()
        for check in table.constraints
        if isinstance(check, sa.CheckConstraint)
    }
    assert in_database == declared


def test_up_down_and_up_again(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    migrate.upgrade(empty_database_url)
    whole = tables(engine)
    migrate.downgrade(empty_database_url, "base")
    assert tables(engine) == set()
    assert left_over(engine) == []
    migrate.upgrade(empty_database_url)
    assert tables(engine) == whole == set(Base.metadata.tables)
    engine.dispose()


def left_over(engine: Engine) -> list[str]:
    """Functions, sequences and types that nobody has taken back."""
    named = sa.text("""
        select p.proname from pg_proc p
        where p.pronamespace = 'public'::regnamespace
        union all select c.relname from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relname not like 'alembic%'
    """)
    with engine.connect() as link:
        return list(link.scalars(named))


COLUMNS = sa.text("""
    select table_name || '.' || column_name as name, data_type, is_nullable = 'YES' as nullable,
           column_default is not null or is_identity = 'YES' as filled
    from information_schema.columns where table_schema = 'public'
""")
CONSTRAINTS = sa.text("""
    select conname, pg_get_constraintdef(oid) as says, conrelid::regclass::text as at
    from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n'
""")


def test_the_version_before_can_serve_on_the_newest_schema(empty_database_url: str) -> None:
    """Columns are only added, and none that it would have to fill; constraints are judged."""
    engine = create_engine(empty_database_url)

    def look() -> tuple[dict[str, sa.Row], dict[str, sa.Row]]:
        with engine.connect() as link:
            columns = {row.name: row for row in link.execute(COLUMNS)}
            return columns, {row.conname: row for row in link.execute(CONSTRAINTS)}

    migrate.upgrade(empty_database_url, BEFORE)
    known, asked = look()
    migrate.upgrade(empty_database_url)
    columns, constraints = look()
    engine.dispose()
    known_tables = {name.partition(".")[0] for name in known}
    assert {name for name in known if name not in columns} == set()
    for name, now in columns.items():
        if name in known:
            assert now.data_type == known[name].data_type, name
            assert now.nullable or not known[name].nullable, f"{name} must be filled now"
            assert now.filled or not known[name].filled, f"{name} is no longer filled by itself"
        elif name.partition(".")[0] in known_tables:
            assert now.nullable or now.filled, f"{name} is filled by nobody who does not know it"
    new = {
        name for name, it in constraints.items()
        if it.at in known_tables and not (name in asked and asked[name].says == it.says)
    }  # fmt: skip
    assert new == set(ASKED_OF_BOTH)


def test_people_go_on_while_a_migration_waits_for_a_table(empty_database_url: str) -> None:
    migrate.upgrade(empty_database_url, "0020")  # the next one alters the table of people
    engine = create_engine(empty_database_url)
    slowest = 0.0
    with engine.connect() as busy:
        busy.execute(sa.text("select from people"))
        migrating = threading.Thread(target=migrate.upgrade, args=(empty_database_url, "0021"))
        migrating.start()
        for _ in range(30):
            began = time.monotonic()
            with engine.connect() as link:
                link.execute(sa.text("select from people"))
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.1)
        assert migrating.is_alive()
        busy.rollback()
    migrating.join(20)
    assert migrate.current(engine) == "0021"
    assert slowest < 2.0
    engine.dispose()


def test_a_migration_that_never_gets_its_table_says_so(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "TRIES", 2)
    migrate.upgrade(empty_database_url, "0020")
    engine = create_engine(empty_database_url)
    with engine.connect() as busy:
        busy.execute(sa.text("select from people"))
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            migrate.upgrade(empty_database_url, "0021")
    engine.dispose()
