from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from runtime import local, places
from runtime.local import LocalServer, start_postgres, start_valkey


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="wuzhan-local-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def connect(server: LocalServer) -> psycopg.Connection:
    return psycopg.connect(server.url.replace("+psycopg", ""), connect_timeout=5)


def test_postgres_keeps_its_data_over_a_stop(data_dir: Path) -> None:
    first = start_postgres(data_dir, durable=False, tied=True)
    with connect(first) as link:
        link.execute("CREATE TABLE lamp AS SELECT '路灯' AS name")
    first.stop()
    second = start_postgres(data_dir, durable=False, tied=True)
    with connect(second) as link:
        names = link.execute("SELECT name FROM lamp").fetchall()
    second.stop()
    assert not second.adopted
    assert names == [("路灯",)]


def test_a_running_postgres_is_adopted_and_can_be_stopped(data_dir: Path) -> None:
    first = start_postgres(data_dir, durable=False, tied=True)
    second = start_postgres(data_dir, durable=False, tied=True)
    assert (second.adopted, second.pid, second.url) == (True, first.pid, first.url)
    second.stop()
    first._process.wait(5)
    assert not (data_dir / "postgres" / "data" / "postmaster.pid").exists()


def test_postgres_starts_after_its_server_was_killed(data_dir: Path) -> None:
    first = start_postgres(data_dir, tied=True)
    with connect(first) as link:
        link.execute("CREATE TABLE lamp (n int)")
    os.kill(first.pid, signal.SIGKILL)
    first._process.wait(5)
    second = start_postgres(data_dir, tied=True)
    with connect(second) as link:
        link.execute("SELECT n FROM lamp")
    second.stop()
    assert not second.adopted


def test_postgres_starts_though_the_pid_in_its_lock_file_runs_something_else(
    data_dir: Path,
) -> None:
    first = start_postgres(data_dir, durable=False, tied=True)
    lock = data_dir / "postgres" / "data" / "postmaster.pid"
    left = lock.read_text().splitlines()
    first.stop()
    lock.write_text("\n".join([str(os.getpid()), *left[1:]]) + "\n")
    second = start_postgres(data_dir, durable=False, tied=True)
    second.stop()
    assert not second.adopted


def test_two_data_folders_serve_side_by_side(data_dir: Path) -> None:
    one = start_postgres(data_dir / "one", durable=False, tied=True)
    two = start_postgres(data_dir / "two", durable=False, tied=True)
    with connect(one) as link:
        link.execute("CREATE TABLE only_here (n int)")
    with connect(two) as link:
        found = link.execute("SELECT to_regclass('only_here')").fetchone()
    one.stop()
    two.stop()
    assert found == (None,)


def test_postgres_asks_for_the_password(data_dir: Path) -> None:
    server = start_postgres(data_dir, durable=False, tied=True)
    try:
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(
                host=data_dir / "postgres", user="wuzhan", password="guess", connect_timeout=5
            )
    finally:
        server.stop()


def test_a_socket_path_that_would_be_too_long_is_replaced_by_a_short_one(data_dir: Path) -> None:
    deep = data_dir / ("d" * 90)
    deep.mkdir(mode=0o711)
    postgres, valkey = start_postgres(deep, durable=False), start_valkey(deep, durable=False)
    with connect(postgres) as link, redis.Redis.from_url(valkey.url) as client:
        again = start_postgres(deep, durable=False), start_valkey(deep, durable=False)
        assert (link.execute("SELECT 1").fetchone(), client.ping()) == ((1,), True)
    assert [server.adopted for server in again] == [True, True]
    postgres.stop()
    valkey.stop()
    for memo in deep.glob("*/socket_folder"):
        shutil.rmtree(memo.read_text())


@pytest.mark.parametrize(
    "locale",
    [{"LC_ALL": "C"}, {"LANG": "zh_CN.UTF-8"}],
    ids=["C", "zh_CN"],
)
def test_every_locale_gives_a_database_that_knows_chinese(
    data_dir: Path, locale: dict[str, str]
) -> None:
    script = (
        "import sys, pathlib\n"
        "from runtime.local import start_postgres\n"
        "import psycopg\n"
        "server = start_postgres(pathlib.Path(sys.argv[1]), durable=False, tied=True)\n"
        "with psycopg.connect(server.url.replace('+psycopg', '')) as link:\n"
        "    link.execute('CREATE EXTENSION pg_trgm')\n"
        "    row = link.execute(\"SELECT cardinality(show_trgm('路灯坏了'))\").fetchone()\n"
        "server.stop()\n"
        "sys.exit(0 if row == (5,) else f'{row}')\n"
    )
    environment = {"PATH": os.environ["PATH"], **locale}
    command = [sys.executable, "-W", "error", "-c", script, str(data_dir)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_a_tied_server_does_not_outlive_the_process_that_started_it(data_dir: Path) -> None:
    script = (
        "import sys, os, pathlib, signal\n"
        "from runtime.local import start_postgres\n"
        "server = start_postgres(pathlib.Path(sys.argv[1]), durable=False, tied=True)\n"
        "print(server.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(data_dir)], capture_output=True, text=True, timeout=60,
        check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert local._until(lambda: not places.alive(int(done.stdout)), 10)


def test_valkey_keeps_its_data_over_kill_and_start(data_dir: Path) -> None:
    first = start_valkey(data_dir, tied=True)
    with redis.Redis.from_url(first.url) as client:
        client.set("lamp", "on")
        assert client.info("persistence")["aof_enabled"] == 1
    os.kill(first.pid, signal.SIGKILL)
    first._process.wait(5)
    second = start_valkey(data_dir, tied=True)
    with redis.Redis.from_url(second.url) as client:
        value = client.get("lamp")
    second.stop()
    assert (second.adopted, value) == (False, b"on")


def test_a_running_valkey_is_adopted_and_can_be_stopped(data_dir: Path) -> None:
    first = start_valkey(data_dir, durable=False, tied=True)
    second = start_valkey(data_dir, durable=False, tied=True)
    assert (second.adopted, second.pid, second.url) == (True, first.pid, first.url)
    second.stop()
    first._process.wait(5)
    assert not places.answers(data_dir / "valkey" / "valkey.sock")


def test_valkey_opens_no_network_port(data_dir: Path) -> None:
    server = start_valkey(data_dir, durable=False, tied=True)
    with redis.Redis.from_url(server.url) as client:
        port = client.config_get("port")
    server.stop()
    assert port == {"port": "0"}


def test_an_account_cannot_reach_below_a_private_folder(data_dir: Path) -> None:
    private = data_dir / "private"
    private.mkdir(mode=0o700)
    stranger = places.Account(uid=65533, gid=65533)
    assert places.reachable(data_dir, stranger)
    assert not places.reachable(private, stranger)


def test_the_database_goes_to_a_shelter_when_its_account_cannot_reach_the_data_folder(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "SHELTERS", (data_dir,))
    account = places.Account(uid=os.geteuid(), gid=os.getegid())
    monkeypatch.setattr(places, "service_account", lambda: account)
    monkeypatch.setattr(places, "reachable", lambda *_: False)
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    home, owner = places.postgres_home(closed)
    assert (closed / "postgres").is_symlink()
    assert owner == account
    assert home.parent == data_dir.resolve() / "wuzhan"
    assert closed.stat().st_mode & 0o777 == 0o700


def test_a_lost_shelter_is_said_and_not_replaced_by_an_empty_database(data_dir: Path) -> None:
    (data_dir / "postgres").symlink_to(data_dir / "gone")
    with pytest.raises(local.LocalServerError, match="which is gone"):
        start_postgres(data_dir, durable=False)
