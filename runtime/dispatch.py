"""The commands `wuzhan dispatch …`: try and judge policies, make what was learnt anew."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from runtime.database import open_transaction

DAY = click.DateTime(["%Y-%m-%d"])


class UsageError(click.ClickException):
    """What was asked for cannot be done; the sentence says why."""

    exit_code = 2


@click.group()
def dispatch() -> None:
    """Try out and judge how volunteers are asked."""


@dispatch.command()
@click.argument("scenario", type=click.Path(path_type=Path), metavar="SCENARIO.json")
@click.option("--seeds", type=click.IntRange(1, 1000), help="Other than the scenario says.")
@click.option(
    "--write",
    "page",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Put chart and table into this page, between its marks for the scenario.",
)
def simulate(scenario: Path, seeds: int | None, page: Path | None) -> None:
    """Play policies and lending between villages on invented people: a table and a chart."""
    from dispatch import simulate as played
    from dispatch.simulation.pages import PageError
    from dispatch.simulation.scenario import ScenarioError

    try:
        click.echo(played.simulate(scenario, seeds, page), nl=False)
    except (ScenarioError, PageError) as error:
        raise UsageError(str(error)) from error


@dispatch.command()
def rebuild() -> None:
    """Make what answers tell anew from the log of offers; the house may run meanwhile."""
    from dispatch.rebuild import rebuild as make_anew

    with open_transaction() as session:
        made = make_anew(session)
    click.echo(f"{made.answers} answers and silences, {made.tallies} tallies, {made.mended} mended")


@dispatch.command()
@click.option("--from", "first", type=DAY, required=True, help="First day, as 2026-11-25.")
@click.option("--to", "last", type=DAY, required=True, help="Last day.")
@click.option("--policy", required=True, help="A policy by name or version.")
@click.option("--village", metavar="CODE", help="One village only.")
def replay(first: datetime, last: datetime, policy: str, village: str | None) -> None:
    """Decide recorded rounds again, by their own policy and by another: a table and a chart.

    Fails if a decision does not come out as it was by its own policy.
    """
    from dispatch import replay as played
    from dispatch import replayed

    span = played.Span(first.date(), last.date(), village)
    try:
        with open_transaction() as session:
            found = played.replay(session, span, policy)
    except played.ReplayError as error:
        raise UsageError(str(error)) from error
    click.echo(replayed.text(found, span), nl=False)
    if found.identical < found.decisions:
        raise click.ClickException(replayed.own(found))
