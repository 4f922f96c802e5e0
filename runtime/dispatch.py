"""The commands `wuzhan dispatch …`: try policies on invented villages."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def dispatch() -> None:
    """Try out how volunteers are asked."""


@dispatch.command()
@click.argument("scenario", type=click.Path(path_type=Path), metavar="SCENARIO.json")
@click.option("--seeds", type=click.IntRange(1, 1000), help="Other than the scenario says.")
def simulate(scenario: Path, seeds: int | None) -> None:
    """Play policies and lending between villages on invented people: a table and a chart."""
    from dispatch import simulate as played
    from dispatch.simulation.scenario import ScenarioError

    try:
        click.echo(played.simulate(scenario, seeds), nl=False)
    except ScenarioError as error:
        raise click.ClickException(str(error)) from error
