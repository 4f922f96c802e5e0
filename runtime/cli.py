"""The command `wuzhan`."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import click
from environs import EnvError

from runtime import settings
from runtime.backup import backup, restore
from runtime.binaries import MissingPackageError
from runtime.config import config
from runtime.demo_command import demo
from runtime.dispatch import dispatch
from runtime.doctor import doctor
from runtime.keys import keys_
from runtime.launch import assessment, launch_check
from runtime.local import LocalServerError
from runtime.retention import retention
from runtime.roster import import_
from runtime.routing import routing
from runtime.settings import REPOSITORY, SettingsError

OPENAPI = REPOSITORY / "openapi" / "openapi.json"
QUEUES = ("dispatch", "notify", "slow")


class _Group(click.Group):
    """Turns our own errors into one sentence instead of a traceback."""

    def invoke(self, context: click.Context) -> object:
        from runtime.up import UpError
        from village.keys import KeysError

        try:
            return super().invoke(context)
        except (
            SettingsError,
            EnvError,
            LocalServerError,
            MissingPackageError,
            UpError,
            KeysError,
        ) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group)
def main() -> None:
    """五站: 村民说一句话，送到对的站，有人答应来做。"""


main.add_command(routing)
main.add_command(backup)
main.add_command(restore)
main.add_command(dispatch)
main.add_command(doctor)
main.add_command(import_)
main.add_command(config)
main.add_command(demo)
main.add_command(keys_)
main.add_command(launch_check)
main.add_command(retention)
main.add_command(assessment)


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the API and the pages.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Data folder.")
@click.option("--workers", type=click.IntRange(1, 64), help="Workers for each queue.")
@click.option("--speed", type=click.FloatRange(0.01, 100_000), default=1.0, help="Of the clock.")
@click.option("--demo/--no-demo", default=None, help="Demo county; on unless WeChat is set up.")
def up(
    port: int | None, data: Path | None, workers: int | None, speed: float, demo: bool | None
) -> None:
    """Run everything on this machine until Ctrl-C."""
    from runtime.up import up as run_all

    loaded = settings.load()
    given = {"port": port, "data_dir": data, "workers": workers}
    loaded = loaded.with_values(**{key: value for key, value in given.items() if value is not None})
    wanted = demo if demo is not None else loaded.demo or not loaded.wechat_appid
    run_all(loaded.with_values(demo=wanted), speed=speed)


@main.command()
def api() -> None:
    """Run the API alone."""
    from runtime import up, wsgi

    with up.servers(settings.load()) as loaded:
        code = wsgi.serve(loaded)
    sys.exit(code)


@main.command()
@click.option("--queue", type=click.Choice(QUEUES), help="One queue, in this process.")
@click.option("--workers", type=click.IntRange(1, 64), help="Workers for each queue.")
def worker(queue: str | None, workers: int | None) -> None:
    """Run job workers: one for --queue, or --workers for every queue."""
    from runtime import up
    from runtime import worker as one

    with up.servers(settings.load()) as loaded:
        if queue is not None:
            one.run(queue, loaded)
        else:
            up.run_workers(loaded.with_values(workers=workers or loaded.workers))


@main.command()
def relay() -> None:
    """Run a relay of the outbox."""
    from runtime import relay, up

    with up.servers(settings.load()) as loaded:
        relay.run(loaded)


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8100, show_default=True)
def sandbox(port: int) -> None:
    """Run the stand-in for WeChat's servers."""
    from runtime.sandbox import serve

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    serve(settings.load(), port)


@main.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    from runtime import up
    from village.migrate import upgrade

    with up.servers(settings.load()) as loaded:
        upgrade(loaded.database_url or "")


@main.command()
@click.option("--demo/--no-demo", default=None, help="Also the demo county.")
def seed(demo: bool | None) -> None:
    """Migrate, then load the catalog; can be repeated."""
    from runtime import up

    with up.servers(settings.load()) as loaded:
        up.prepare_database(loaded.with_values(demo=loaded.demo if demo is None else demo))


@main.command()
@click.option("--write", is_flag=True, help="Write openapi/openapi.json instead of printing.")
def openapi(write: bool) -> None:
    """Print the API contract as OpenAPI 3.1."""
    text = contract()
    if write:
        OPENAPI.parent.mkdir(exist_ok=True)
        OPENAPI.write_text(text, encoding="utf-8")
    else:
        click.echo(text, nl=False)


@main.command()
@click.option("--write", is_flag=True, help="Write docs/workflows/ instead of printing.")
def workflows(write: bool) -> None:
    """Print the workflow tables with their diagrams."""
    from runtime import diagrams

    if write:
        diagrams.write()
    else:
        click.echo("\n".join(diagrams.pages().values()), nl=False)


def contract() -> str:
    """Return the OpenAPI document that the code serves, as it stands in the repository."""
    from runtime import wiring

    return json.dumps(wiring.contract(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    main()
