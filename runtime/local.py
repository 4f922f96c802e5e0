"""PostgreSQL and Valkey from Python packages: no set-up, no root, no Docker; data kept in DATA."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis
from redis.exceptions import ConnectionError as RedisConnectionError

from runtime import binaries, places
from runtime.settings import kept_secret

ROLE = "wuzhan"
START_SECONDS = 30.0
CONNECT_SECONDS = 5


class LocalServerError(Exception):
    """An embedded server cannot be started."""


@dataclass(frozen=True)
class LocalServer:
    """A running embedded server; `adopted` says that an earlier process of ours started it."""

    url: str = field(repr=False)
    pid: int
    adopted: bool
    _quit: signal.Signals = field(repr=False)
    _process: subprocess.Popen[bytes] | None = field(repr=False)

    def stop(self, timeout: float = 8.0) -> None:
        """Let the server write its data and stop; after `timeout` seconds kill it (it recovers)."""
        self._signal(self._quit)
        if not self._gone_within(timeout):
            self._signal(signal.SIGKILL)
            self._gone_within(2.0)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return

    def _gone_within(self, seconds: float) -> bool:
        return _until(lambda: not self._running(), seconds)

    def _running(self) -> bool:
        if self._process is not None:
            return self._process.poll() is None
        return places.alive(self.pid)


def start_postgres(data_dir: Path, *, durable: bool = True, tied: bool = False) -> LocalServer:
    """Start PostgreSQL on DATA/postgres, or adopt the one that already serves it.

    It listens on a Unix socket only and asks for a password kept in DATA. `durable=False` (tests)
    gives up fsync; `tied=True` stops the server when this process dies. Raises `LocalServerError`.
    """
    data_dir = places.prepared(data_dir)
    with _one_at_a_time(data_dir):
        cluster = _Cluster.of(data_dir)
        cluster.create(durable)
        adopted = cluster.adopt()
        return adopted or cluster.start(durable, tied)


def start_valkey(data_dir: Path, *, durable: bool = True, tied: bool = False) -> LocalServer:
    """Start Valkey on DATA/valkey (append-only file, socket only), or adopt the one running there.

    `durable=False` (tests) never waits for the disk; `tied` and errors as in `start_postgres`.
    """
    data_dir = places.prepared(data_dir)
    with _one_at_a_time(data_dir):
        folder = data_dir / "valkey"
        folder.mkdir(mode=0o700, exist_ok=True)
        socket = places.socket_folder(folder, "valkey.sock", None) / "valkey.sock"
        url = f"unix://{quote(str(socket))}?db=0"
        if (pid := _valkey_pid(url)) is not None:
            return LocalServer(url, pid, True, signal.SIGTERM, None)
        socket.unlink(missing_ok=True)
        log = folder / "valkey.log"
        process = _spawn(_valkey_command(folder, socket, durable), folder, log, None, tied)
        _wait(process, lambda: _valkey_pid(url) is not None, log)
        return LocalServer(url, process.pid, False, signal.SIGTERM, process)


def _valkey_command(folder: Path, socket: Path, durable: bool) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec" if durable else "no",
        "save": "",
        # An evicted job would vanish without a trace; a full server says so instead.
        "maxmemory-policy": "noeviction",
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    return [str(binaries.valkey_server()), *flags]


def _valkey_pid(url: str) -> int | None:
    client = redis.Redis.from_url(url, socket_timeout=CONNECT_SECONDS)
    try:
        info: dict[str, int] = client.info("server")
        return info["process_id"]
    except RedisConnectionError:
        return None
    finally:
        client.close()


@dataclass(frozen=True)
class _Cluster:
    home: Path
    account: places.Account | None
    socket_folder: Path
    password: str

    @classmethod
    def of(cls, data_dir: Path) -> _Cluster:
        try:
            home, account = places.postgres_home(data_dir)
        except FileNotFoundError as error:
            raise LocalServerError(str(error)) from error
        folder = places.socket_folder(home, ".s.PGSQL.5432", account)
        return cls(home, account, folder, kept_secret(data_dir / "postgres_password"))

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    @property
    def url(self) -> str:
        host = quote(str(self.socket_folder))
        return f"postgresql+psycopg://{ROLE}:{self.password}@/{ROLE}?host={host}"

    def create(self, durable: bool) -> None:
        if (self.data / "PG_VERSION").exists():
            return
        unfinished = self.home / "data.new"
        places.remove_tree(unfinished)
        secret = self.home / "password"
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        places.give(secret, self.account)
        try:
            self._initdb(unfinished, secret, durable)
        finally:
            secret.unlink()
        # A start that dies inside initdb must not leave something that looks like a database.
        unfinished.rename(self.data)

    def _initdb(self, folder: Path, secret: Path, durable: bool) -> None:
        # The builtin provider gives the same UTF-8 rules under every locale of the machine.
        flags = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        flags += ["--lc-ctype=C.UTF-8", "--encoding=UTF8", "--auth=scram-sha-256"]
        flags += [f"--username={ROLE}", f"--pwfile={secret}", "-D", str(folder)]
        if not durable:
            flags.append("--no-sync")
        command = [str(binaries.postgres(self.account, "initdb")), *flags]
        process = _spawn(command, self.home, self.log, self.account, tied=True)
        if process.wait(timeout=120) != 0:
            raise LocalServerError(f"PostgreSQL could not make its data folder: {_tail(self.log)}")

    def adopt(self) -> LocalServer | None:
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return None
        if not places.answers(self.socket_folder / ".s.PGSQL.5432"):
            # Left by a crash. Its pid may by now belong to anything, and PostgreSQL would refuse to
            # start; were a server alive after all, its shared memory keeps a second one out.
            lock.unlink(missing_ok=True)
            return None
        if not _until(self.ready, START_SECONDS):
            raise LocalServerError("PostgreSQL of this data folder runs but does not answer.")
        return LocalServer(self.url, self._pid(), True, signal.SIGINT, None)

    def _pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def ready(self) -> bool:
        target = self.url.replace("+psycopg", "", 1).replace(f"/{ROLE}?", "/postgres?", 1)
        try:
            with psycopg.connect(target, connect_timeout=CONNECT_SECONDS, autocommit=True) as link:
                known = link.execute("SELECT FROM pg_database WHERE datname = %s", [ROLE])
                if known.fetchone() is None:
                    link.execute(f"CREATE DATABASE {ROLE}")
        except psycopg.OperationalError:
            return False
        return True

    def start(self, durable: bool, tied: bool) -> LocalServer:
        deadline = time.monotonic() + START_SECONDS
        while True:
            process = _spawn(self._command(durable), self.home, self.log, self.account, tied)
            try:
                _wait(process, self.ready, self.log)
            except LocalServerError:
                # Backends of a killed server need a moment to let go of its shared memory.
                if time.monotonic() > deadline or "shared memory" not in _tail(self.log):
                    raise
                time.sleep(0.5)
            else:
                return LocalServer(self.url, process.pid, False, signal.SIGINT, process)

    def _command(self, durable: bool) -> list[str]:
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700",
            "port": "5432",
            "timezone": "UTC",
            "max_connections": "200",
        }
        if not durable:
            options |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(binaries.postgres(self.account, "postgres")), "-D", str(self.data), *flags]


def _spawn(
    command: list[str], folder: Path, log: Path, account: places.Account | None, tied: bool
) -> subprocess.Popen[bytes]:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own binaries and flags
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal must reach us, not the servers: they are stopped last.
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=places.end_with_parent if tied else None,  # noqa: PLW1509 - one prctl call
        )


def _wait(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path) -> None:
    if not _until(lambda: process.poll() is not None or ready(), START_SECONDS):
        process.kill()
        process.wait()
    if process.poll() is not None:
        raise LocalServerError(f"{log.stem} did not start: {_tail(log)}")


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")[-6:]
    return " / ".join(line.strip() for line in lines if line.strip())


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.03)
    return True


@contextmanager
def _one_at_a_time(data_dir: Path) -> Iterator[None]:
    with (data_dir / ".starting").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
