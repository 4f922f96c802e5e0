"""`wuzhan retention run`: forget what has been kept as long as it may be; a dry run by default."""

from __future__ import annotations

import click

from runtime.database import open_transaction


@click.group()
def retention() -> None:
    """See to how long personal data is kept (form_fields.csv)."""


@retention.command()
@click.option("--apply", "applies", is_flag=True, help="Forget it; without this it is counted.")
def run(applies: bool) -> None:
    """Count by category what is due, and with --apply forget it, in batches."""
    from village import retention as keeping

    with open_transaction() as session:
        found = keeping.due(session)
    for (category, field), count in sorted(found.answers.items()):
        click.echo(f"{category:<8} {field:<16} {count:>7}")
    for category, count in sorted(found.words.items()):
        click.echo(f"{category:<8} {'(all words)':<16} {count:>7}")
    if found.complaints:
        click.echo(f"{'-':<8} {'(complaints)':<16} {found.complaints:>7}")
    if not applies:
        click.echo(f"{found.count} are due; nothing was changed. --apply forgets them.")
        return
    click.echo(f"{_forget(found.count)} requests and complaints changed.")


def _forget(length: int) -> int:
    from village import retention as keeping

    total = 0
    with click.progressbar(length=length, label="forgetting") as bar:
        while True:
            with open_transaction() as session:
                count = keeping.run(session)
            if not count:
                return total
            total += count
            bar.update(count)
