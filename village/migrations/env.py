"""Alembic's environment: a transaction a revision, one at a time, never long behind a lock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from village import models  # noqa: F401  registers the tables
from village.db import Base

ADVISORY_LOCK = 990_100_001


def run() -> None:
    """Migrate under an advisory lock, so that processes starting together wait in line.

    Who waits for a table keeps everybody behind her waiting, too: hence so short, and shorter than
    the second after which PostgreSQL looks for deadlocks, which might end a villager's call.
    """
    engine = sa.create_engine(context.config.attributes["url"], poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_lock(ADVISORY_LOCK)))
        connection.execute(sa.text("set lock_timeout = '500ms'"))
        connection.execute(sa.text("set statement_timeout = '60s'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
