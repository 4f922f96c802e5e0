"""Routing as the people of this installation have corrected it: the report, and a model of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy.orm import Session

from dispatch.routing import corrections, labelled, model
from dispatch.routing.corrections import Figures, TooFewError
from dispatch.routing.report import lines, report
from runtime import settings
from runtime.settings import Settings
from village import clock
from village.db import create_engine, transaction
from village.models import OrgUnit


def print_report(since: datetime | None, village: str | None) -> None:
    """Print how routing did since a day (its begin in Shanghai), in one village or in all."""
    start = None if since is None else since.replace(tzinfo=clock.SHANGHAI)
    with _database() as (_, session):
        if village is not None and session.get(OrgUnit, village) is None:
            raise click.ClickException(f"there is no village {village}")
        requests = labelled.read(session, since=start, village=village)
        for line in lines(report(requests, labelled.names(session))):
            click.echo(line)


def train_locally(output: Path | None) -> None:
    """Train with the corrections; write the model only if it is no worse than the present one."""
    with _database() as (loaded, session):
        model.configure(loaded.own_model)
        requests = labelled.read(session)
        place = output or loaded.own_model
    try:
        trial = corrections.retrain(requests)
    except TooFewError as error:
        raise click.ClickException(f"{error}.") from error
    click.echo(f"{trial.learnt} requests learnt from")
    for name in trial.new:
        _compare(name, trial.old[name], trial.new[name])
    if trial.worse:
        raise click.ClickException(f"worse on: {', '.join(trial.worse)}. Nothing was written.")
    _write(place, trial.text)
    click.echo(f"{model.parse(trial.text).version}: {place}")


def _compare(name: str, old: Figures, new: Figures) -> None:
    click.echo(name if name == "packaged" else f"{name}, held back")
    click.echo(f"  {'right':<32}{old.right} -> {new.right} of {new.messages}")
    click.echo(f"  {'sent wrongly without a person':<32}{old.wrong} -> {new.wrong}")
    click.echo(f"  {'emergencies not asked about':<32}{old.missed} -> {new.missed}")


@contextmanager
def _database() -> Iterator[tuple[Settings, Session]]:
    from runtime import up

    with up.servers(settings.load()) as loaded:
        engine = create_engine(str(loaded.database_url))
        try:
            with transaction(engine) as session:
                yield loaded, session
        finally:
            engine.dispose()


def _write(place: Path, text: str) -> None:
    """Write the file whole or not at all; it is read by the owner of the processes alone."""
    place.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=place.name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
