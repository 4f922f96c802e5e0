"""`wuzhan up`: the whole house on one machine, from nothing, until Ctrl-C."""

from __future__ import annotations

import fcntl
import logging
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import resources
from pathlib import Path
from string import Template

import click

from runtime import logs, wsgi
from runtime.local import LocalServer, start_postgres, start_valkey
from runtime.places import prepared
from runtime.settings import Settings, kept_secret, local_secret_key
from runtime.supervise import Child, Supervisor
from village import keys
from village.models.messages import QUEUES

log = logging.getLogger(__name__)

SANDBOX_APPID = "wxdemo"
PORT_SECONDS = 8.0
DEMO_RATE_SCALE = 50.0  # the whole county plays from one address


class UpError(Exception):
    """The house cannot be started."""


def up(loaded: Settings, *, speed: float = 1.0) -> None:
    """Run everything until SIGINT or SIGTERM; raises `UpError` with one sentence."""
    started = time.monotonic()
    logs.configure("up", loaded.log_level)
    data_dir = prepared(loaded.data_dir)
    with ExitStack() as stack:
        stack.enter_context(only_one(data_dir))
        _claim_port(loaded.host, loaded.port)
        loaded = stack.enter_context(servers(loaded.with_values(data_dir=data_dir), whole=True))
        loaded = _completed(loaded, data_dir, speed)
        prepare_database(loaded)
        supervisor = Supervisor(children(loaded), loaded.environment(), click.echo)
        stack.callback(supervisor.stop)
        _stop_on_signal(supervisor)
        supervisor.watch(_Welcome(loaded, started).look)
        log.info("stopping")


@contextmanager
def servers(loaded: Settings, *, whole: bool = False) -> Iterator[Settings]:
    """Start the servers that no URL is given for; yields settings that have both URLs.

    Servers that were already running are left running, unless `whole` says that all is ours.
    """
    ours: list[LocalServer] = []
    values: dict[str, object] = {}
    _take_keys(loaded)
    if loaded.secret_key is None:
        values["secret_key"] = local_secret_key(prepared(loaded.data_dir))
    try:
        if loaded.database_url is None:
            ours.append(start_postgres(loaded.data_dir))
            values["database_url"] = ours[-1].url
        if loaded.redis_url is None:
            ours.append(start_valkey(loaded.data_dir))
            values["redis_url"] = ours[-1].url
        yield loaded.with_values(**values)
    finally:
        for server in reversed(ours):
            if whole or not server.adopted:
                server.stop(timeout=2.0)


def _take_keys(loaded: Settings) -> None:
    """Make the keys of an embedded installation; elsewhere they must be there (`KeysError`)."""
    path = loaded.own_keys
    if loaded.database_url is None:
        keys.made(prepared(path.parent) / path.name)
    keys.read(path)
    keys.configure(path)


def prepare_database(loaded: Settings) -> None:
    """Migrate, load the catalog, and for the demo the demo county; can be repeated."""
    from village import clock, keyed, migrate
    from village.catalog import demo, loader
    from village.db import create_engine, transaction

    url = loaded.database_url or ""
    clock.configure(loaded.clock_file)
    migrate.upgrade(url)
    engine = create_engine(url, pool_size=1)
    try:
        with transaction(engine) as session:
            keyed.remember(session)
            loader.load(session, loaded.wechat_templates)
            if loaded.demo:
                demo.seed(session)
    finally:
        engine.dispose()


def children(loaded: Settings) -> list[Child]:
    """Return all processes; they stop in the order of their ranks, workers first."""
    # SIGINT: gunicorn ends at once, where SIGTERM would wait for idle phones to hang up.
    found = [Child("api", wsgi.command(loaded), 2, 2.0, stop_signal=signal.SIGINT)]
    if loaded.demo:
        port = loaded.wechat_base_url.rpartition(":")[2]
        found.insert(0, Child("sandbox", wuzhan("sandbox", "--port", port), 3, 0.3))
    found += worker_children(loaded)
    found.append(Child("relay", wuzhan("relay"), rank=1, stop_seconds=1.5))
    return found


def worker_children(loaded: Settings) -> list[Child]:
    """Return `loaded.workers` workers for each queue."""
    return [
        Child(f"worker-{queue}-{number}", wuzhan("worker", "--queue", queue), 0, 2.0)
        for queue in QUEUES
        for number in range(1, loaded.workers + 1)
    ]


def wuzhan(*arguments: str) -> list[str]:
    """Return the command line of one of our own commands."""
    return [sys.executable, "-m", "runtime.cli", *arguments]


def _completed(loaded: Settings, data_dir: Path, speed: float) -> Settings:
    from village import clock

    values: dict[str, object] = {"clock_file": loaded.clock_file or data_dir / "clock.json"}
    if loaded.demo:
        values |= {
            "wechat_base_url": f"http://127.0.0.1:{free_port()}",
            "wechat_appid": SANDBOX_APPID,
            "wechat_secret": kept_secret(data_dir / "sandbox_secret"),
            "rate_scale": max(loaded.rate_scale, DEMO_RATE_SCALE),
        }
    loaded = loaded.with_values(**values)
    clock.configure(loaded.clock_file)
    if speed != 1.0 or (loaded.clock_file and loaded.clock_file.exists()):
        clock.set_time(clock.now(), speed)
    return loaded


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold a data folder that no `wuzhan up` runs on; raises `UpError` where one does."""
    with (data_dir / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UpError(f"Another wuzhan already runs on {data_dir}.") from error
        yield


def _claim_port(host: str, port: int) -> None:
    """Check that the port is free; processes of an `up` that was killed may need a moment to go."""
    deadline = time.monotonic() + PORT_SECONDS
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if time.monotonic() > deadline:
                    raise UpError(f"Port {port} of {host} is taken; choose another.") from error
            else:
                return
        time.sleep(0.3)


def _stop_on_signal(supervisor: Supervisor) -> None:
    def handle(_number: int, _frame: object) -> None:
        if supervisor.stopping.is_set():
            supervisor.kill()
        supervisor.stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)


class _Welcome:
    """Prints where everything is, once, as soon as the API says that it is ready."""

    def __init__(self, loaded: Settings, started: float) -> None:
        self.loaded = loaded
        self.started = started
        self.done = False

    def look(self) -> None:
        if self.done or not _ready(f"http://{self.loaded.host}:{self.loaded.port}/readyz"):
            return
        self.done = True
        click.echo(welcome(self.loaded, time.monotonic() - self.started))


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def welcome(loaded: Settings, seconds: float) -> str:
    """Return the text shown when everything runs: addresses, and for the demo who may log in."""
    text = resources.files("runtime").joinpath("welcome.txt").read_text(encoding="utf-8")
    head, _, demo = text.partition("---\n")
    facts = {
        "url": f"http://{loaded.host}:{loaded.port}",
        "seconds": f"{seconds:.1f}",
        "sandbox": loaded.wechat_base_url,
        "people": "\n".join(_logins()),
    }
    return Template(head + demo if loaded.demo else head).substitute(facts).rstrip()


def _logins() -> Iterator[str]:
    """One person of the first village for each role and station there is."""
    from village.catalog.files import read

    roles = {row["role"]: row["zh"] for row in (*read("demo_roles"), *read("role_labels"))}
    stations = {row["kind"]: row["zh"] for row in read("station_kinds")}
    seen: set[tuple[str, str]] = set()
    for row in read("people"):
        code, station = row["roles"].partition("|")[0], row["station"]
        if row["village"] != read("people")[0]["village"] or (code, station) in seen:
            continue
        seen.add((code, station))
        facts = (
            row["person"],
            row["name"],
            roles.get(code or "villager", code),
            stations.get(station, ""),
        )
        yield "    " + "  ".join(facts).rstrip()


def run_workers(loaded: Settings) -> None:
    """Run and supervise `loaded.workers` workers for each queue until told to stop."""
    logs.configure("workers", loaded.log_level)
    supervisor = Supervisor(worker_children(loaded), loaded.environment(), click.echo)
    _stop_on_signal(supervisor)
    try:
        supervisor.watch()
    finally:
        supervisor.stop()
