from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime import places
from runtime.local import _until
from runtime.places import remove_tree
from runtime.up import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="wuzhan-up-"))
    folder.chmod(0o711)
    yield folder
    remove_tree(folder)


class House:
    """A `wuzhan up` in a process of its own; its output goes to a file."""

    def __init__(self, data_dir: Path, *options: str) -> None:
        self.port = free_port()
        self.output = data_dir / "output.txt"
        command = [sys.executable, "-m", "runtime.cli", "up", "--port", str(self.port)]
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("WUZHAN_")
        }
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [*command, "--data", str(data_dir), *options],
                cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def text(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def ready(self) -> bool:
        try:
            url = f"http://127.0.0.1:{self.port}/readyz"
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bool(json.load(answer)["status"] == "ok")
        except (urllib.error.URLError, OSError):
            return False

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


def members(process: int) -> set[int]:
    """The processes that descend from this one, now."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = {process}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {process}


def _named(processes: set[int]) -> list[str]:
    """What each of these that still runs is called."""
    lines = (Path(f"/proc/{pid}/cmdline") for pid in processes if places.alive(pid))
    return [line.read_bytes().replace(b"\0", b" ").decode() for line in lines if line.exists()]


def test_one_command_runs_everything_and_ctrl_c_stops_everything(data_dir: Path) -> None:
    house = House(data_dir)
    assert _until(house.ready, 150), house.text()
    assert _until(lambda: f"http://127.0.0.1:{house.port}/m/" in house.text(), 10)
    running = members(house.process.pid)
    second = House(data_dir)
    assert second.process.wait(60) == 1
    assert house.stop(signal.SIGINT) == 0
    # What a worker had forked is killed with its group, and needs a moment to be gone.
    assert _until(lambda: not [pid for pid in running if places.alive(pid)], 5), _named(running)
    names = ("sandbox", "api", "relay", "worker-dispatch-1", "worker-notify-1", "worker-slow-1")
    lines = house.text().splitlines()
    assert [name for name in names if not any(line.startswith(name) for line in lines)] == []
    assert "Another wuzhan already runs" in house.text()


def test_a_killed_supervisor_leaves_nothing_that_the_next_start_stumbles_over(
    data_dir: Path,
) -> None:
    first = House(data_dir)
    assert _until(first.ready, 150), first.text()
    first.process.kill()
    first.process.wait(10)
    second = House(data_dir)
    try:
        assert _until(second.ready, 150), second.text()
    finally:
        assert second.stop() == 0
