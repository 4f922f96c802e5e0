"""One transaction on the installation's database, for commands that need nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from runtime import settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@contextmanager
def open_transaction() -> Iterator[Session]:
    """Yield a session; commit at the end. Says in a sentence what stands in the way."""
    import sqlalchemy as sa

    from runtime import up
    from village import clock
    from village.db import create_engine, transaction

    with up.servers(settings.load()) as loaded:
        clock.configure(loaded.clock_file)
        engine = create_engine(str(loaded.database_url), pool_size=1)
        try:
            with transaction(engine) as session:
                yield session
        except sa.exc.ProgrammingError as error:
            raise click.ClickException(
                "The database is of another version; `wuzhan migrate` brings it to this one."
            ) from error
        except sa.exc.OperationalError as error:
            raise click.ClickException(
                "The database is away or too busy; nothing was changed, try again later."
            ) from error
        except sa.exc.IntegrityError as error:
            # the driver's message would show values
            raise click.ClickException(
                "Somebody changed the same rows meanwhile; nothing was changed, try again."
            ) from error
        finally:
            engine.dispose()
