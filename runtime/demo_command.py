"""The command `wuzhan demo`: sixty sentences on a running demo, or whole weeks of villages."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from runtime.demo_people import Body
    from runtime.month.play import Month

URL = "http://127.0.0.1:8000"


@click.command()
@click.option("--url", help=f"A running demo: {URL}, or with --days one of its own.")
@click.option("--days", type=click.IntRange(1, 365), help="Play so many days of villages instead.")
@click.option("--villages", type=click.IntRange(1, 2), default=2, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Of people and their days.")
@click.option("--json", "as_json", is_flag=True, help="Figures and differences as JSON.")
def demo(url: str | None, days: int | None, villages: int, seed: int, as_json: bool) -> None:
    """Play sixty villagers' requests on a running demo; fails if one is not where it should be.

    With --days: villages for so many days, with nights and holidays, by people who answer late,
    decline, do not come, lose the network and press twice. The clock is stepped to whatever comes
    next. Fails where what people did and saw is not what the database holds.
    """
    from runtime.demo_people import DemoError
    from runtime.month.world import StuckError

    try:
        well = _sixty(url or URL) if days is None else _month(url, days, villages, seed, as_json)
    except (DemoError, StuckError) as error:
        raise click.ClickException(str(error)) from error
    sys.exit(0 if well else 1)


def _people(found: Iterable[Body]) -> Iterable[Body]:
    with click.progressbar(list(found), label="logging in", file=sys.stderr) as bar:
        yield from bar


def _sixty(url: str) -> bool:
    from runtime import demo as player
    from runtime.demo_people import open_county

    texts = player.texts()
    with (
        open_county(url, _people) as county,
        click.progressbar(length=len(texts), label="requests  ", file=sys.stderr) as bar,
    ):
        outcomes = player.play(county, texts, lambda: bar.update(1))
    for line in (*player.table(outcomes), *player.summary(outcomes)):
        click.echo(line)
    return all(outcome.ok for outcome in outcomes)


def _month(url: str | None, days: int, villages: int, seed: int, as_json: bool) -> bool:
    from runtime.month.figures import figures, table
    from runtime.month.house import opened
    from runtime.month.play import begin

    with opened(url, _people) as (world, county):
        month = begin(world, county, seed=seed, days=days, villages=villages)
        with click.progressbar(length=days, label="days      ", file=sys.stderr) as bar:
            month.play(bar.update)
        wrong = _reconciled(month)
        found = figures(month)
    missed = list(found.missed())
    if as_json:
        said: dict[str, Any] = {"seed": seed, **found.as_json()}
        click.echo(json.dumps({**said, "differences": wrong, "missed": missed}, indent=2))
    else:
        click.echo("\n".join([*table(found), *(f"{line}." for line in (*wrong, *missed))]))
        click.echo("Everything reconciles." if not wrong else f"{len(wrong)} differences.")
    return not wrong and not missed


def _reconciled(month: Month) -> list[str]:
    from runtime.month.reconcile import differences

    people = len(month.people)
    with click.progressbar(length=people, label="reconciling", file=sys.stderr) as bar:
        return differences(month, bar.update)
