"""Bring a database to the newest schema."""

from __future__ import annotations

import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

FOLDER = Path(__file__).parent / "migrations"
TABLE_IS_IN_USE = ("55P03", "40P01")  # lock_not_available, deadlock_detected
TRIES = 100
PAUSE_SECONDS = 0.5


def config(url: str) -> Config:
    """Return Alembic's configuration for the database at `url`."""
    settings = Config()
    settings.set_main_option("script_location", str(FOLDER))
    settings.attributes["url"] = url
    return settings


def upgrade(url: str, revision: str = "head") -> None:
    """Apply every migration up to `revision`; safe to run by several processes at once.

    People go on meanwhile: a revision that cannot have its tables at once lets go of all of them,
    and is tried again. Raises OperationalError where that does not help for a minute or two.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            command.upgrade(config(url), revision)
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") not in TABLE_IS_IN_USE or not tries_left:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return


def downgrade(url: str, revision: str) -> None:
    """Take migrations back to `revision`."""
    command.downgrade(config(url), revision)


def head() -> str | None:
    """Return the newest revision that this code knows."""
    return ScriptDirectory(str(FOLDER)).get_current_head()


def known(revision: str) -> bool:
    """Tell whether this code knows the revision; one of a newer version it does not."""
    scripts = ScriptDirectory(str(FOLDER)).walk_revisions()
    return revision in {script.revision for script in scripts}


def current(engine: Engine) -> str | None:
    """Return the revision that the database is at."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()
