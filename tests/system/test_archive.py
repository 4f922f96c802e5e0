"""A machine that dies between two backups: what was archived is there again, to the last minute.

The commands are those of compose.yaml and docs/operate.md, with other folders.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
import yaml
from sqlalchemy.engine import make_url

from runtime import binaries, checks, local, places
from tests.system.stack import ROOT, until
from village.db import create_engine


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="wuzhan-archive-"))
    folder.chmod(0o711)
    yield folder
    places.remove_tree(folder)


def options() -> dict[str, str]:
    """What compose.yaml tells PostgreSQL."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    found = (part[2:].partition("=") for part in services["postgres"]["command"][1:])
    return {name: value for name, _, value in found}


def restore_command() -> str:
    page = (ROOT / "docs/operate.md").read_text("utf-8")
    found = re.search(r"restore_command = '\\''(.*?)'\\''", page)
    assert found is not None
    return found[1]


def plain(server: local.LocalServer) -> str:
    url = make_url(server.url).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def archiving(house: Path, archive: Path) -> local.LocalServer:
    """A server that archives as compose says, but every second."""
    server = local.start_postgres(house)
    _, account = places.postgres_home(house)
    archive.mkdir(mode=0o700)
    places.give(archive, account)
    wanted = {**options(), "archive_timeout": "1"}
    wanted["archive_command"] = wanted["archive_command"].replace("/archive", str(archive))
    with psycopg.connect(plain(server), autocommit=True) as link:
        for name in ("archive_mode", "archive_timeout", "archive_command"):
            value = wanted[name].replace("'", "''")
            link.execute(f"alter system set {name} = '{value}'".encode())
        link.execute("create table written (n int, segment text)")
    server.stop()
    return local.start_postgres(house, tied=True)


@contextmanager
def writing(server: local.LocalServer) -> Iterator[list[int]]:
    """Rows are written one after the other; each knows in which segment of the log it is."""
    kept: list[int] = []
    over = threading.Event()

    def write() -> None:
        with (
            suppress(psycopg.OperationalError),  # the machine dies under it
            psycopg.connect(plain(server), autocommit=True) as link,
        ):
            while not over.wait(0.02):
                link.execute(
                    "insert into written values (%s, pg_walfile_name(pg_current_wal_insert_lsn()))",
                    [len(kept)],
                )
                kept.append(len(kept))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield kept
    finally:
        over.set()
        writer.join(20)


def run_as(account: places.Account | None, command: list[str], **environment: str) -> None:
    subprocess.run(
        command, check=True, capture_output=True, env={**os.environ, **environment}, cwd="/",
        user=account.uid if account else None, group=account.gid if account else None,
    )  # fmt: skip


def copy_of_files(server: local.LocalServer, house: Path, archive: Path) -> Path:
    _, account = places.postgres_home(house)
    url = make_url(server.url)
    base = archive / "base"
    command = [
        str(binaries.postgres(account, "pg_basebackup")), f"--username={url.username}",
        f"--host={url.query['host']}", f"--pgdata={base}", "--format=tar", "--gzip",
        "--wal-method=fetch", "--checkpoint=fast",
    ]  # fmt: skip
    run_as(account, command, PGPASSWORD=str(url.password))
    return base


def restored(house: Path, archive: Path, lost: Path) -> local.LocalServer:
    """Another machine, with the copy of the files and the archive."""
    places.prepared(house)
    shutil.copy(lost / "postgres_password", house)
    home, account = places.postgres_home(house)
    data = home / "data"
    data.mkdir(mode=0o700)
    places.give(data, account)
    run_as(account, ["tar", "-xzf", str(archive / "base" / "base.tar.gz"), "-C", str(data)])
    command = restore_command().replace("/archive", str(archive))
    with (data / "postgresql.auto.conf").open("a") as settings:
        settings.write(f"restore_command = '{command}'\narchive_mode = off\n")
    signal = data / "recovery.signal"
    signal.touch()
    places.give(signal, account)
    return local.start_postgres(house, tied=True)


def doctor(server: local.LocalServer) -> str:
    engine = create_engine(server.url)
    try:
        ((finding, _),) = checks._archive(engine)
    finally:
        engine.dispose()
    return finding


def rows(server: local.LocalServer) -> dict[int, str]:
    with psycopg.connect(plain(server)) as link:
        until(lambda: link.execute("select not pg_is_in_recovery()").fetchone() == (True,))
        return dict(link.execute("select n, segment from written").fetchall())


def archived(archive: Path) -> list[str]:
    return sorted(file.name[:24] for file in archive.glob("*.gz") if len(file.name) == 27)


def test_what_was_archived_is_there_after_the_machine_has_died(folder: Path) -> None:
    house, archive = folder / "house", folder / "archive"
    server = archiving(house, archive)
    with writing(server) as kept:
        until(lambda: len(kept) > 10)
        copy_of_files(server, house, archive)
        after_copy = len(kept)
        first = len(archived(archive))
        until(lambda: len(archived(archive)) >= first + 3)  # nobody but the timeout ends a segment
        assert doctor(server) == "archive_ok"
        with psycopg.connect(plain(server)) as link:
            places_of_rows = dict(link.execute("select n, segment from written").fetchall())
        os.kill(server.pid, 9)
        server.stop()  # it is dead already; nobody else buries it
    shutil.copytree(house, folder / "dead", symlinks=True, ignore=lambda *_: {"postgres"})
    places.remove_tree(house)
    newest = archived(archive)[-1]
    safe = {n for n, segment in places_of_rows.items() if segment <= newest}
    again = restored(folder / "new", archive, folder / "dead")
    try:
        found = rows(again)
    finally:
        again.stop()
    assert max(safe) > after_copy
    assert safe <= set(found)
    assert set(found) == set(range(len(found)))  # no hole


def test_an_archive_that_cannot_be_written_is_told(folder: Path) -> None:
    server = archiving(folder / "house", folder / "archive")
    try:
        places.remove_tree(folder / "archive")
        with psycopg.connect(plain(server), autocommit=True) as link:
            link.execute("checkpoint")  # from the first one on the timeout counts
            link.execute("insert into written values (0, '')")
        until(lambda: doctor(server) == "archive_failing")
    finally:
        server.stop()


def test_a_minute_is_what_compose_promises() -> None:
    found = options()
    assert found["archive_mode"] == "on"
    assert (found["archive_timeout"], found["checkpoint_timeout"]) == ("60", "60")
