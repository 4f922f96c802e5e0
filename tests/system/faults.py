"""What breaks, from a seeded plan: processes, servers, disks, and the clock, again and again."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psycopg

from runtime import local
from runtime.local import LocalServer
from tests.conftest import execute, fill, memory_folder
from tests.system.stack import QUEUES, Stack, until
from village import clock

BACK_SECONDS = 120.0
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
WORKERS = tuple(f"worker-{queue}" for queue in QUEUES)
# Each is taken in turn, in an order that the seed shuffles anew every time around.
KINDS = (
    *(("kill", name) for name in (*WORKERS, *WORKERS, "relay", "relay", "api")),
    ("flush", ""),
    ("flush", ""),
    ("restart", "valkey"),
    ("restart", "postgres"),
    ("crash", "postgres"),
    ("jump", "on"),
    ("jump", "back"),
    ("disk", "postgres"),
    ("disk", "valkey"),
)


@dataclass
class Servers:
    """PostgreSQL and Valkey of one stack alone, which may die."""

    folder: Path
    running: dict[str, LocalServer] = field(default_factory=dict)

    def start(self, name: str) -> LocalServer:
        begin = local.start_postgres if name == "postgres" else local.start_valkey
        server = self.running[name] = begin(self.folder, durable=name == "valkey", tied=True)
        return server

    def lives(self, name: str) -> bool:
        return self.running[name]._running()

    def crash(self, name: str) -> None:
        """End the server and all its processes at once: nothing is written any more."""
        with suppress(ProcessLookupError):
            os.kill(self.running[name].pid, signal.SIGKILL)
        until(lambda: not self.lives(name), 20)

    def pids(self, name: str) -> list[int]:
        """The server, and those that it has forked (PostgreSQL's have sessions of their own)."""
        first = self.running[name].pid
        with suppress(OSError):
            forked = Path(f"/proc/{first}/task/{first}/children").read_text().split()
            return [first, *map(int, forked)]
        return [first]

    def limit(self, name: str, sizes: tuple[int, int]) -> None:
        """Set how large a file may be for the server's processes: a disk that is full, or is not.

        Only a process of the server's own account may do that.
        """

        def set_limits() -> None:
            for pid in self.pids(name):
                with suppress(ProcessLookupError):
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, sizes)

        with suppress(FileNotFoundError):
            owner = Path(f"/proc/{self.running[name].pid}").stat()
            account = {"user": owner.st_uid, "group": owner.st_gid} if os.getuid() == 0 else {}
            subprocess.run(["true"], check=True, preexec_fn=set_limits, **account)


@dataclass
class Shaken:
    """A stack to which things happen; `done` counts them, `died` what ended by itself."""

    stack: Stack
    servers: Servers
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    died: Counter[str] = field(default_factory=Counter)

    def shake(self, goes_on: Callable[[], bool], pauses: tuple[float, float]) -> None:
        """Break one thing after another, as long as something else goes on."""
        while goes_on():
            for kind, what in self.chance.sample(KINDS, len(KINDS)):
                if not goes_on():
                    return
                getattr(self, kind)(what)
                self.done[f"{kind} {what}".strip()] += 1
                self.revive()
                time.sleep(self.chance.uniform(*pauses))

    def kill(self, name: str) -> None:
        self.stack.kill(name)
        self.stack.start(name)
        if name == "api":
            self.back()

    def flush(self, _: str) -> None:
        with suppress(Exception), self.stack.redis() as link:  # it may be away itself
            link.flushall()

    def restart(self, name: str) -> None:
        self.servers.running[name].stop()
        self.servers.start(name)
        self.back()

    def crash(self, name: str) -> None:
        self.servers.crash(name)
        self.servers.start(name)
        self.back()

    def jump(self, way: str) -> None:
        """Set the clock wrong, as somebody at a machine may do."""
        minutes = self.chance.uniform(1, 10)
        by = timedelta(minutes=minutes if way == "on" else -minutes)
        clock.set_time(clock.now() + by, speed=0.0)

    def disk(self, name: str) -> None:
        """Let no file of the server grow for a moment; where it ends over it, start it again."""
        self.servers.limit(name, (16_384, resource.RLIM_INFINITY))
        time.sleep(self.chance.uniform(0.3, 1.0))
        self.servers.limit(name, UNLIMITED)
        time.sleep(0.3)
        self.back()

    def back(self) -> None:
        """Wait until people can write again."""
        ends = time.monotonic() + BACK_SECONDS
        while not self._serves():
            assert time.monotonic() < ends, "it does not come back"
            time.sleep(0.5)

    def _serves(self) -> bool:
        self.revive()
        return self.stack.ready() != "away" and self._database_serves()

    def _database_serves(self) -> bool:
        try:
            return bool(self.stack.one("select 1"))
        except psycopg.Error:
            return False

    def revive(self) -> None:
        """Start again what has ended by itself, as a supervisor does."""
        for name in ("postgres", "valkey"):
            if not self.servers.lives(name):
                self.died[name] += 1
                self.servers.start(name)
        for name, process in list(self.stack.running.items()):
            if process.poll() is not None:
                self.died[name] += 1
                self.stack.kill(name)
                self.stack.start(name)


def unexpected(folder: Path) -> list[str]:
    """What our processes logged as a bug: the folder is gone before anybody can look."""
    lines = [line for log in folder.glob("*.log") for line in log.read_text().splitlines()]
    return [line for line in lines if '"unexpected error"' in line]


@contextmanager
def breakable(clock_file: Path) -> Iterator[tuple[Stack, Servers]]:
    """A stack with a PostgreSQL and a Valkey of its own."""
    folder = Path(tempfile.mkdtemp(prefix="wuzhan-faults-", dir=memory_folder()))
    folder.chmod(0o711)
    servers = Servers(folder)
    database, valkey = servers.start("postgres"), servers.start("valkey")
    # A process that dies must lose nothing that was answered; the machine itself does not die.
    execute(database.url, "ALTER DATABASE wuzhan SET synchronous_commit = on")
    fill(database.url)
    stack = Stack(database.url, valkey.url, folder, clock_file=clock_file)
    try:
        stack.start_all()
        yield stack, servers
    finally:
        print(*unexpected(folder), sep="\n")  # noqa: T201 - pytest shows it where the test fails
        stack.stop()
        for server in reversed(servers.running.values()):
            server.stop()
        shutil.rmtree(folder)
