"""The commands `wuzhan config …`: the settings, and the county's own configuration by version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runtime import settings
from runtime.database import open_transaction

if TYPE_CHECKING:
    from village.catalog.config import Difference, Files
    from village.catalog.config_files import ConfigFault
    from village.models import ConfigVersion

FOLDER = click.Path(path_type=Path)
SHOWN = 200
LONGEST_VALUE = 40
LONGEST_NAME = 40
BY = click.option("--by", required=True, metavar="NAME", help="Who decides it: kept with it.")


@click.group(invoke_without_command=True)
@click.pass_context
def config(context: click.Context) -> None:
    """Print all settings, secrets masked; or see to the county's own configuration."""
    if context.invoked_subcommand is None:
        for name, value in settings.shown(settings.load()).items():
            click.echo(f"{settings.PREFIX}{name.upper():<18} {value}")


@config.command()
@click.argument("folder", type=FOLDER)
def check(folder: Path) -> None:
    """Say what is wrong with the files of a folder, or how much they would change."""
    files = _checked(folder)
    with open_transaction() as session:
        found = _differences(session, files)
    click.echo(_said("ok", count=len(found)) if found else _said("same"))


@config.command()
@click.argument("folder", type=FOLDER)
def diff(folder: Path) -> None:
    """Show what the files of a folder would change of what is in force."""
    files = _checked(folder)
    with open_transaction() as session:
        found = _differences(session, files)
    _print_differences(found)


@config.command()
@click.argument("folder", type=FOLDER)
@BY
def apply(folder: Path, by: str) -> None:
    """Put the files of a folder in force as a new version, as a whole."""
    from village.catalog import versions

    files, who = _checked(folder), _who(by)
    with open_transaction() as session, _refusals():
        found = _differences(session, files)
        ids = settings.load().wechat_templates
        version = versions.apply(session, files, by=who, template_ids=ids)
    if version is not None:
        _print_differences(found)
    _print_applied(version)


@config.command()
@click.argument("number", type=click.IntRange(0))
@BY
def rollback(number: int, by: str) -> None:
    """Put version NUMBER in force again, as a new one; 0 is the package's own."""
    from village.catalog import versions

    who = _who(by)
    with open_transaction() as session, _refusals(number):
        ids = settings.load().wechat_templates
        version = versions.roll_back(session, number, by=who, template_ids=ids)
    _print_applied(version)


@config.command()
def history() -> None:
    """List the versions, the newest first."""
    from village.catalog import versions
    from village.clock import SHANGHAI

    with open_transaction() as session:
        found = versions.history(session)
    for version in found:
        when = f"{version.made_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        of = (
            ""
            if version.of is None
            else _said("of" if version.of else "packaged", number=version.of)
        )
        click.echo(_said("version", number=version.number, when=when, who=version.made_by, of=of))
    if not found:
        click.echo(_said("none"))


@config.command()
@click.argument("folder", type=FOLDER)
def export(folder: Path) -> None:
    """Write what is in force into a folder, to be changed there; replaces nothing."""
    from village.catalog import config as catalog
    from village.catalog import loader
    from village.catalog.config_files import text

    with open_transaction() as session:
        own = loader.own_rows(session)
    try:
        folder.mkdir(exist_ok=True)
        for name in catalog.KEYS:
            # with a mark of its encoding, for Excel
            with (folder / f"{name}.csv").open("x", encoding="utf-8-sig", newline="") as file:
                file.write(text(name, own))
    except FileExistsError as error:
        raise click.ClickException(_said("exists", path=folder)) from error
    except OSError as error:
        raise click.ClickException(_said("not_written", path=folder, why=error.strerror)) from error
    click.echo(_said("exported", path=folder))


def _checked(folder: Path) -> Files:
    """Return the files of a folder that are right; name all that is wrong, or stop."""
    from village.catalog.config_check import check as faults_of
    from village.catalog.config_files import read_folder

    found = read_folder(folder)
    faults = faults_of(found)
    if faults:
        for fault in faults[:SHOWN]:
            click.echo(f"{_place(fault)}：{fault.reason}", err=True)
        raise click.ClickException(_said("faults", count=len(faults)))
    return found.files


def _differences(session: Any, files: Files) -> list[Difference]:
    from village.catalog import versions

    return versions.differences(session, files)


def _who(by: str) -> str:
    who = by.strip()
    if not who or len(who) > LONGEST_NAME or not who.isprintable():
        raise click.UsageError(_said("who"))
    return who


@contextmanager
def _refusals(number: int = 0) -> Iterator[None]:
    from village.errors import NotFound, WrongState

    try:
        yield
    except NotFound as error:
        raise click.ClickException(_said("no_version", number=number)) from error
    except WrongState as error:
        raise click.ClickException(_said("in_use")) from error


def _print_differences(found: list[Difference]) -> None:
    if not found:
        click.echo(_said("same"))
    file = ""
    for each in found:
        if each.file != file:
            file = each.file
            click.echo(f"{file}.csv")
        click.echo(f"  {_line(each)}")


def _line(each: Difference) -> str:
    if each.before is None or each.after is None:
        return _said("gone" if each.after is None else "added", key=each.key)
    changes = [
        _said(
            "change", column=name, before=_value(each.before, name), after=_value(each.after, name)
        )
        for name in each.columns()
    ]
    return _said("changed", key=each.key, columns="、".join(changes))


def _value(row: dict[str, str], column: str) -> str:
    return row.get(column, "")[:LONGEST_VALUE] or _said("blank")


def _print_applied(version: ConfigVersion | None) -> None:
    if version is None:
        click.echo(_said("same"))
    else:
        click.echo(_said("applied", number=version.number))


def _place(fault: ConfigFault) -> str:
    file = "".join(char for char in fault.file if char.isprintable())
    column = "".join(char for char in fault.column if char.isprintable())
    place = _said("place", file=file, row=fault.row) if fault.row else file
    return place + (_said("column_place", column=column) if column else "")


def _said(code: str, **values: Any) -> str:
    from village.catalog.texts import said

    return said(code, **values)
