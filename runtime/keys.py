"""The commands `wuzhan keys …`: the keys that seal personal data, and changing them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runtime import settings

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from runtime.settings import Settings


@click.group(name="keys")
def keys_() -> None:
    """See to the keys that seal level-3 fields, phones and openids."""


@keys_.command()
def make() -> None:
    """Make the key file of a new installation; never over one that is there."""
    from village import keys

    path = settings.load().own_keys
    try:
        keys.write(path, keys.fresh(), anew=True)
    except FileExistsError as error:
        raise click.ClickException(f"{path} is there already.") from error
    click.echo(f"{path} is made. Keep a copy apart from the backups: without it they say little.")


@keys_.command(name="list")
def list_() -> None:
    """List the keys by number: when made, whether retired; never a key itself."""
    from village import keys

    path = settings.load().own_keys
    ring = keys.read(path)
    for number, key in sorted(ring.keys.items()):
        state = "seals" if key is ring.current else "opens"
        if key.retired_at:
            state = f"retired {key.retired_at:%Y-%m-%d}, opens old backups"
        click.echo(f"{number:>4}  made {key.made_at:%Y-%m-%d}  {key.fingerprint}  {state}")


@keys_.command()
def add() -> None:
    """Add a key, which seals from now on; `rotate` then goes on with it."""
    from village import keys

    path = settings.load().own_keys
    with _locked(path):
        ring = keys.read(path).added()
        keys.write(path, ring)
    click.echo(f"Key {ring.current.number} is added. Bring {path} to every machine, then rotate.")


@keys_.command()
def seal() -> None:
    """Seal under the current key what is not yet: after an upgrade, or a restore."""
    with _database() as (_, engine):
        click.echo(f"{_sealed(engine)} rows sealed.")


@keys_.command()
def rotate() -> None:
    """Add a key, seal every row anew under it, retire the old; run it again to go on."""
    from village import keyed, keys
    from village.db import transaction

    with _database() as (loaded, engine), _locked(loaded.own_keys):
        path = loaded.own_keys
        ring = keys.read(path)
        if not ring.rotating:
            ring = ring.added()
            keys.write(path, ring)
        with transaction(engine) as session:
            keyed.remember(session)
        time.sleep(keys.LOOK_SECONDS + 1)  # until then others may seal with the old key
        count = _sealed(engine)
        keys.write(path, ring.retired())
    click.echo(f"{count} rows sealed anew by key {ring.current.number}; the old one is retired.")
    click.echo(f"Keep a new copy of {path} apart from the backups.")


def _sealed(engine: Engine) -> int:
    from village import keyed
    from village.db import transaction

    with transaction(engine) as session:
        length = keyed.stale(session)
    count = 0
    with click.progressbar(length=length, label="sealing") as bar:
        for done in keyed.seal_anew(engine):
            bar.update(done)
            count += done
    return count


@contextmanager
def _database() -> Iterator[tuple[Settings, Engine]]:
    from runtime import up
    from village import clock
    from village.db import create_engine

    with up.servers(settings.load()) as loaded:
        clock.configure(loaded.clock_file)
        engine = create_engine(str(loaded.database_url), pool_size=1)
        try:
            yield loaded, engine
        finally:
            engine.dispose()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One change of the file at a time."""
    import fcntl

    with path.with_name(f".{path.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
