"""Where a month is played: on a demo that runs here, or on one of its own that ends with it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import requests
import sqlalchemy as sa

from runtime import settings, up
from runtime.demo_people import County, DemoError, Show, open_county
from runtime.month.world import World
from runtime.places import remove_tree
from runtime.settings import REPOSITORY, Settings
from village import clock
from village.db import create_engine

BEGINS = datetime(2026, 9, 20, 20, tzinfo=clock.SHANGHAI)  # the holidays of October are within
START_SECONDS, STOP_SECONDS = 120.0, 30.0
SANDBOX = re.compile(r"微信替身 +(\S+)")


@contextmanager
def opened(url: str | None, show: Show) -> Iterator[tuple[World, County]]:
    """Yield an installation and its people: the one at `url`, whose data folder is here, or one
    that is made for the purpose. Raises DemoError.
    """
    if url is not None:
        with _world(url, settings.load(), None, show) as found:
            yield found
        return
    with _own() as (data, own_url, sandbox):
        loaded = settings.load().with_values(data_dir=data, database_url=None, redis_url=None)
        with _world(own_url, loaded, sandbox, show) as found:
            yield found


@contextmanager
def _world(
    url: str, loaded: Settings, sandbox: str | None, show: Show
) -> Iterator[tuple[World, County]]:
    """The servers run already, and go on running."""
    with open_county(url, show) as county:
        if loaded.database_url is None and not (loaded.data_dir / "postgres").exists():
            raise DemoError(f"{loaded.data_dir} is not the data folder of the service at {url}.")
        with up.servers(loaded) as running, _followed(loaded):
            engine = create_engine(str(running.database_url), pool_size=2)
            try:
                _must_be_its_own(engine, county)
                yield World(url, engine, sandbox), county
            finally:
                engine.dispose()


@contextmanager
def _followed(loaded: Settings) -> Iterator[None]:
    """Follow the installation's clock file; where there is none yet, it changes nothing."""
    path = loaded.clock_file or loaded.data_dir / "clock.json"
    clock.configure(path)
    try:
        if not path.exists():
            clock.set_time(clock.now())
        yield
    finally:
        clock.configure(None)


def _must_be_its_own(engine: sa.Engine, county: County) -> None:
    one = next(iter(county.phones.values())).person["id"]
    with engine.connect() as link:
        known = link.scalar(sa.text("select count(*) from people where id = :id"), {"id": one})
    if not known:
        raise DemoError("The data folder here is not that of the service at this address.")


@contextmanager
def _own() -> Iterator[tuple[Path, str, str | None]]:
    """A demo in a folder of its own, from nothing; it is gone afterwards."""
    data, port = Path(tempfile.mkdtemp(prefix="wuzhan-month-")), up.free_port()
    data.chmod(0o711)  # PostgreSQL's own account passes through
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WUZHAN_")}
    _set_clock(data / "clock.json")
    output = data / "output.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603 - our own command
            up.wuzhan("up", "--demo", "--port", str(port), "--data", str(data)),
            cwd=REPOSITORY, env=clean, stdout=file, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    try:
        _wait(process, f"http://127.0.0.1:{port}/readyz", output)
        found = SANDBOX.search(output.read_text())
        yield data, f"http://127.0.0.1:{port}", found and found[1]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)
        remove_tree(data)


def _set_clock(path: Path) -> None:
    state = {"real": time.time(), "domain": BEGINS.timestamp(), "speed": 1.0}
    path.write_text(json.dumps(state))


def _wait(process: subprocess.Popen[bytes], url: str, output: Path) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        try:
            if requests.get(url, timeout=5).json()["status"] == "ok":
                return
        except (requests.RequestException, ValueError, KeyError):
            pass
        time.sleep(0.2)
    raise DemoError(f"No demo could be started: {output.read_text()[-300:].strip()}")
