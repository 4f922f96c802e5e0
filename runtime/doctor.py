"""`wuzhan doctor`: how an installation stands, what is wrong with it, and what to do about it."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources

import click

from runtime import checks, settings, up
from runtime.binaries import MissingPackageError
from runtime.checks import Found
from runtime.local import LocalServerError
from runtime.settings import Settings, SettingsError
from village.keys import KeysError

STATES = ("ok", "warn", "fail")


@dataclass(frozen=True)
class Finding:
    """One line of the report: `state` is ok, warn or fail; `says` and `do` are for people."""

    check: str
    state: str
    finding: str
    says: str
    do: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
def doctor(as_json: bool) -> None:
    """Check this installation; exits with 1 where something is broken. Shows no secret."""
    findings = list(examine())
    state = max((found.state for found in findings), key=STATES.index)
    if as_json:
        report = {"state": state, "findings": [asdict(found) for found in findings]}
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        for found in findings:
            click.echo(shown(found))
    sys.exit(int(state == "fail"))


def shown(found: Finding) -> str:
    """Return a finding as text: its state, its sentence, and below it what to do."""
    line = f"{found.state:<5} {found.check:<14} {found.says}。"
    return line if not found.do else f"{line}\n{'':<21}→ {found.do}。"


def examine() -> Iterator[Finding]:
    """Yield all findings about the installation that the environment describes."""
    try:
        loaded = settings.load()
    except SettingsError as error:
        yield _told(("settings_bad", {"reason": str(error).rstrip(".")}))
        return
    for found in _looked_at(loaded):
        yield _told(found)


def _looked_at(loaded: Settings) -> Iterator[Found]:
    yield from checks.of_settings(loaded)
    with ExitStack() as stack:
        try:
            reached = stack.enter_context(up.servers(loaded)) if _begun(loaded) else None
        except (LocalServerError, MissingPackageError, OSError) as error:
            yield "servers_down", {"reason": str(error).rstrip(".")}
            return
        except KeysError as error:
            yield "keys_bad", {"reason": str(error).rstrip(".")}
            return
        if reached is None:
            yield "not_started", {"folder": loaded.data_dir}
            return
        yield from checks.of_key(str(reached.secret_key))
        yield from checks.of_database(reached)
        yield from checks.of_redis(reached)


def _begun(loaded: Settings) -> bool:
    """A look must not make a database where none was."""
    return loaded.database_url is not None or (loaded.data_dir / "postgres").exists()


def _told(found: Found) -> Finding:
    name, facts = found
    row = table()[name]
    says, do = row["says"].format_map(facts), row["do"].format_map(facts)
    return Finding(row["check"], row["state"], name, says, do)


@cache
def table() -> dict[str, dict[str, str]]:
    """Return the rows of doctor.csv by finding: its check, state, sentence and advice."""
    text = resources.files("runtime").joinpath("doctor.csv").read_text(encoding="utf-8")
    return {row["finding"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
