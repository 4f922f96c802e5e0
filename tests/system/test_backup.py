"""A rehearsal: back up under traffic, lose everything, restore into an empty place."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from runtime import local
from runtime.places import remove_tree
from tests.system.stack import A_LAMP, ROOT, VILLAGER, Stack, until
from village import keys


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="wuzhan-backup-"))
    folder.chmod(0o711)
    yield folder
    remove_tree(folder)


def wuzhan(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runtime.cli", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def elsewhere(data_dir: Path) -> dict[str, str]:
    """An office that has nothing but an empty folder."""
    kept = {name: value for name, value in os.environ.items() if "WUZHAN_" not in name}
    return {**kept, "WUZHAN_DATA_DIR": str(data_dir)}


@contextmanager
def traffic(stack: Stack, taken: list[str]) -> Iterator[None]:
    """Villagers go on writing; `taken` holds what the house has said yes to."""
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            taken.append(stack.post("/requests", VILLAGER, **A_LAMP)["id"])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()


def ids(url: str) -> set[str]:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as link:
        return {str(row[0]) for row in link.execute("select id from requests")}


def restored(data_dir: Path) -> set[str]:
    server = local.start_postgres(data_dir)
    try:
        return ids(server.url)
    finally:
        server.stop()


def test_all_that_was_committed_before_the_backup_is_there_after_a_restore(
    stack: Stack, folder: Path
) -> None:
    taken: list[str] = []
    learnt = folder / "learnt.tsv"
    learnt.write_text("what the house has learnt")
    with traffic(stack, taken):
        until(lambda: len(taken) >= 3)
        before = set(taken)
        here = {**stack.environment(), "WUZHAN_ROUTING_MODEL": str(learnt)}
        made = wuzhan(here, "backup", str(folder))
        until(lambda: len(taken) > len(before))
    assert made.returncode == 0, made.stderr
    file = Path(made.stdout.strip())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    new = elsewhere(folder / "new")
    assert "kept apart" in wuzhan(new, "restore", str(file)).stderr
    keys.made(folder / "new" / keys.FILE)  # of another installation
    assert "lacks key 1, index" in wuzhan(new, "restore", str(file)).stderr
    shutil.copy(os.environ["WUZHAN_KEYS_FILE"], folder / "new" / keys.FILE)
    done = wuzhan(new, "restore", str(file))
    assert done.returncode == 0, done.stderr
    assert (folder / "new" / "secret_key").read_text() == "of-tests-alone-0123456789"
    assert before <= restored(folder / "new") <= ids(stack.database_url)
    own = folder / "new" / "routing.tsv"
    assert own.read_text() == learnt.read_text()
    own.write_text("what was learnt since")
    assert "backup's model" in wuzhan(new, "restore", str(file)).stderr

    assert "--overwrite" in wuzhan(new, "restore", str(file)).stderr
    again = wuzhan(new, "restore", "--overwrite", str(file))
    assert again.returncode == 0, again.stderr
    assert own.read_text() == learnt.read_text()
    assert before <= restored(folder / "new")

    busy = wuzhan(stack.environment(), "restore", "--overwrite", str(file))
    assert "in use" in busy.stderr
    assert set(taken) <= ids(stack.database_url)


def test_files_that_are_there_or_damaged_are_refused(stack: Stack, folder: Path) -> None:
    file = folder / "house.tar"
    assert wuzhan(stack.environment(), "backup", str(file)).returncode == 0
    first = file.read_bytes()
    assert "--overwrite" in wuzhan(stack.environment(), "backup", str(file)).stderr
    assert file.read_bytes() == first

    new = elsewhere(folder / "new")
    for broken in (first[: len(first) // 2], first.replace(b"PGDMP", b"PGDMQ", 1), b"x" * 4096):
        file.write_bytes(broken)
        refused = wuzhan(new, "restore", str(file))
        assert refused.returncode == 1
        assert "Traceback" not in refused.stderr
        assert not (folder / "new" / "postgres").exists()
    shutil.rmtree(folder / "new", ignore_errors=True)
