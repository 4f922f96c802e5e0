from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from runtime import cli, demo
from runtime.local import _until
from runtime.places import remove_tree
from runtime.up import free_port
from village.clock import SHANGHAI

ROOT = Path(__file__).parents[2]
SUNDAY, WEDNESDAY = 6, 2
# A needless question costs one tap, a missed emergency a life: these are known, no more may come.
NEEDLESS = "Asked about danger without need: E02, E06, E07."


class House:
    """A running demo whose clock the test sets."""

    def __init__(self, data_dir: Path, url: str) -> None:
        self.clock_file = data_dir / "clock.json"
        self.url = url

    def set_clock(self, weekday: int, hour: int, *, after: datetime) -> datetime:
        """Set domain time to the next such hour in Shanghai; a reader never sees half a file."""
        day = after.astimezone(SHANGHAI) + timedelta(days=1)
        while day.weekday() != weekday:
            day += timedelta(days=1)
        moment = day.replace(hour=hour, minute=0)
        state = {"real": time.time(), "domain": moment.timestamp(), "speed": 1.0}
        draft = self.clock_file.with_suffix(".new")
        draft.write_text(json.dumps(state))
        draft.replace(self.clock_file)
        return moment

    def ready(self) -> bool:
        try:
            answer = requests.get(f"{self.url}/readyz", timeout=5)
        except requests.RequestException:
            return False
        return answer.ok and bool(answer.json()["status"] == "ok")


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    folder = Path(tempfile.mkdtemp(prefix="wuzhan-demo-"))
    folder.chmod(0o711)
    port = free_port()
    house = House(folder, f"http://127.0.0.1:{port}")
    house.set_clock(SUNDAY, 3, after=datetime.now(SHANGHAI))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WUZHAN_")}
    command = [sys.executable, "-m", "runtime.cli", "up"]
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--data", str(folder)],
            cwd=ROOT, env=clean, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        assert _until(house.ready, 60), (folder / "output.txt").read_text()
        yield house
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        remove_tree(folder)


def test_all_texts_get_where_they_must_at_three_on_a_sunday_and_again_on_a_wednesday_noon(
    house: House,
) -> None:
    night = json.loads(house.clock_file.read_text())["domain"]
    first = play(house)
    house.set_clock(WEDNESDAY, 12, after=datetime.fromtimestamp(night, SHANGHAI))
    second = play(house)
    for played in (first, second):
        assert played.returncode == 0, played.stdout + played.stderr
        assert "60 of 60 texts are where they should be." in played.stdout
        assert [line for line in played.stdout.splitlines() if "without need" in line] == [NEEDLESS]


def test_a_text_that_is_not_where_it_should_be_fails_the_demo_and_says_why(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {row["id"]: row for row in demo.texts()}
    elsewhere = {**rows["M01"], "expected_queue": "station"}
    misplaced = {**rows["A04"], "expected_queue": "head:council"}
    nobody_there = {**rows["P02"], "village": "990102"}
    unasked = {**rows["E01"], "danger_now": "no"}
    wrong = (elsewhere, misplaced, nobody_there, unasked, rows["A10"])
    monkeypatch.setattr(demo, "texts", lambda: wrong)
    played = CliRunner().invoke(cli.main, ["demo", "--url", house.url])
    assert played.exit_code == 1, played.output
    said = played.output.splitlines()[-5:]
    assert "needs_other_body" in said[0]
    assert "it is at head:referral instead of head:council" in said[1]
    assert "it is accepted" in said[2]
    assert "danger was not asked about" in said[3]
    assert said[4] == "1 of 5 texts are where they should be."


def test_an_address_where_no_demo_runs_is_refused_in_one_sentence() -> None:
    played = CliRunner().invoke(cli.main, ["demo", "--url", f"http://127.0.0.1:{free_port()}"])
    assert played.exit_code == 1
    assert played.output.strip().endswith("does not answer as Wuzhan does.")


def play(house: House) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runtime.cli", "demo", "--url", house.url]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
