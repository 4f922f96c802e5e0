"""Alembic's environment: one transaction, one at a time, never long behind a lock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from village import models  # noqa: F401  registers the tables
from village.db import Base

ADVISORY_LOCK = 990_100_001


def run() -> None:
    """Migrate under an advisory lock, so that processes starting together wait in line."""
    engine = sa.create_engine(context.config.attributes["url"], poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text("set lock_timeout = '4s'"))
        connection.execute(sa.text("set statement_timeout = '60s'"))
        connection.commit()
        context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
        with context.begin_transaction():
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ADVISORY_LOCK)))
            context.run_migrations()
    engine.dispose()


run()
