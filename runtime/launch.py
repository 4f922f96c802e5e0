"""`wuzhan launch-check`, `wuzhan assessment …`: what may be asked here, and what may not yet."""

from __future__ import annotations

import sys
from datetime import datetime

import click

from runtime.database import open_transaction

FORM = click.argument("form")


@click.command(name="launch-check")
def launch_check() -> None:
    """List what is missing before sensitive answers may be asked; 1 where something is."""
    from village import launch

    with open_transaction() as session:
        found = launch.state(session)
    for one in found:
        assessment = one.assessment
        if assessment is not None and one.is_open:
            click.echo(f"ok       {one.form}  {assessment.handler}，{assessment.assessed_on} 评估")
            continue
        new = sorted(set(one.fields) - set(assessment.fields if assessment else ()))
        click.echo(f"missing  {one.form}  关着：{'、'.join(one.categories)}")
        click.echo(f"         没有评估的敏感内容：{'、'.join(new)}")
        click.echo(
            f"         → 做好个人信息保护影响评估，再运行 wuzhan assessment enter {one.form}"
        )
    sys.exit(0 if all(one.is_open for one in found) else 1)


@click.group()
def assessment() -> None:
    """Enter or take back the impact assessments of forms with sensitive fields (PIPL 55, 56)."""


@assessment.command()
@FORM
@click.option("--handler", required=True, metavar="NAME", help="Who is responsible for the data.")
@click.option("--contact", required=True, help="Where people reach the handler.")
@click.option("--on", "day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Its day.")
@click.option("--by", required=True, metavar="NAME", help="Who enters it: kept with it.")
@click.option("--summary", required=True, help="Where the report is, and what came of it.")
def enter(form: str, handler: str, contact: str, day: datetime, by: str, summary: str) -> None:
    """Enter the assessment of FORM, such as F-CARE: its categories open within half a minute."""
    from village import launch
    from village.errors import Invalid

    facts = {"handler": handler, "contact": contact, "by": by, "summary": summary}
    if not all(fact.strip() for fact in facts.values()):
        raise click.ClickException("No option may be blank.")
    try:
        with open_transaction() as session:
            made = launch.enter(session, form, on=day.date(), **facts)
            fields = "、".join(made.fields)
    except Invalid as error:
        raise click.ClickException(f"{error.detail}.") from error
    click.echo(f"{form} is open: {fields}")


@assessment.command()
@FORM
def revoke(form: str) -> None:
    """Close FORM's categories again; what was entered is kept."""
    from village import launch

    with open_transaction() as session:
        count = launch.revoke(session, form)
    click.echo(f"{form} is closed." if count else f"{form} was not open.")
