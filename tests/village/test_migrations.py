from __future__ import annotations

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine

from village import migrate
from village.db import Base, create_engine


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
