"""The command `wuzhan import roster`: a county's people from a file of its office."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runtime.database import open_transaction

if TYPE_CHECKING:
    from village.roster.faults import Fault
    from village.roster.importing import Result
    from village.roster.lines import Line

SHOWN = 100  # faults, and changes; who has more has one fault in every row
READING_BYTES = 1536 * 1024 * 1024
SLOW = {"read": 200, "check": 200, "write": 1}  # from how many on a bar is worth its place


@click.group("import")
def import_() -> None:
    """Bring a county's own data into the installation."""


@import_.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.xlsx|csv", required=False)
@click.option("--apply", "applies", is_flag=True, help="Write; without it nothing is written.")
@click.option("--template", type=click.Path(path_type=Path), help="Write an empty roster here.")
def roster(file: Path | None, applies: bool, template: Path | None) -> None:
    """Read people, volunteers and offices from a file; say what would change.

    Everything is written with --apply, or nothing: each row that is wrong is named with its
    reason. The same file again changes nothing.
    """
    if (file is None) == (template is None):
        raise click.UsageError(_said("one_of"))
    if template is not None:
        _write_template(template)
    elif file is not None:
        _import(file, applies=applies)


def _import(file: Path, *, applies: bool) -> None:
    from village.roster import importing
    from village.roster.faults import RefusedError, UnreadableError

    try:
        with _bounded_memory():
            found = importing.read(file, _bar)
        with open_transaction() as session:
            act = importing.apply if applies else importing.preview
            result = act(session, found, _bar)
    except UnreadableError as error:
        raise click.ClickException(str(error)) from error
    except RefusedError as error:
        _print_faults(error.faults)
        raise click.ClickException(_said("faults", count=len(error.faults))) from error
    for line in _report(result, applied=applies):
        click.echo(line)


@contextmanager
def _bounded_memory() -> Iterator[None]:
    """Let a hostile file meet a limit before the machine does, where the system has one."""
    try:
        import resource

        size = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (ImportError, OSError):
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    with contextlib.suppress(ValueError):  # less is allowed already
        resource.setrlimit(resource.RLIMIT_AS, (size + READING_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _bar(items: Iterable[Any], step: str, length: int) -> Iterator[Any]:
    """Show how far a step is, where there is enough to do."""
    if length < SLOW[step]:
        yield from items
        return
    with click.progressbar(items, length=length, label=_said(f"bar_{step}")) as bar:
        yield from bar


def _print_faults(faults: Iterable[Fault]) -> None:
    found = list(faults)
    for fault in found[:SHOWN]:
        place = _place(fault.sheet, fault.row)
        column = _said("column", column=_plain(fault.column)) if fault.column else ""
        click.echo(f"{place}{column}：{fault.reason}", err=True)
    if len(found) > SHOWN:
        click.echo(_said("more", more=len(found) - SHOWN), err=True)


def _report(result: Result, *, applied: bool) -> Iterator[str]:
    yield from _table(result)
    changed = [change for change in result.changes if change.how == "changed"]
    if changed:
        yield _said("changed")
    for change in changed[:SHOWN]:
        place = _place(change.line.sheet, change.line.row)
        yield "  " + _said(
            "changed_line", place=place, columns=_columns(change.line, change.fields)
        )
    if len(changed) > SHOWN:
        yield _said("more", more=len(changed) - SHOWN)
    for code, names in (("unread", result.unread), ("left_out", result.left_out)):
        if names:
            yield _said(code, names="、".join(_plain(name) for name in names[:SHOWN]))
    if result.nothing:
        yield _said("nothing")
    else:
        yield _said("applied" if applied else "preview")


def _table(result: Result) -> Iterator[str]:
    counts = Counter((change.kind, change.how) for change in result.changes)
    yield " " * 8 + _said("head")
    for kind in ("person", "volunteer", "office"):
        name = _said(f"kind_{kind}")
        figures = "".join(f"{counts[kind, how]:>8}" for how in ("new", "changed", "same"))
        yield name + " " * (4 - len(name)) * 2 + figures


def _columns(line: Line, fields: Iterable[str]) -> str:
    from village.roster import words

    own = words.columns()
    return "、".join(_plain(line.headers.get(name, own[name]["header"])) for name in fields)


def _place(sheet: str, row: int) -> str:
    return _said("place", sheet=_plain(sheet), row=row)


def _plain(text: str) -> str:
    """Return text of a file as it can go to a terminal."""
    return "".join(char for char in text if char.isprintable())[:30]


def _write_template(target: Path) -> None:
    from village.roster.template import workbook

    if target.suffix.lower() != ".xlsx":
        raise click.UsageError(_said("template_kind"))
    try:
        with target.open("xb") as file:
            file.write(workbook())
    except FileExistsError as error:
        raise click.ClickException(_said("exists", path=target)) from error
    except OSError as error:
        raise click.ClickException(_said("not_written", path=target, why=error.strerror)) from error
    click.echo(_said("template", path=target))


def _said(code: str, **values: Any) -> str:
    from village.roster.texts import said

    return said(code, **values)
