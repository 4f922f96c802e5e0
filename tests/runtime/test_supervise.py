from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from runtime import local, places
from runtime.supervise import Child, Supervisor

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('up', flush=True); time.sleep(600)"
)
WITH_GRANDCHILD = (
    "import os, time\n"
    "if os.fork() == 0:\n"
    "    os.setpgrp(); print(os.getpid(), flush=True)\n"
    "time.sleep(600)"
)


def child(name: str, script: str, rank: int = 0) -> Child:
    return Child(name, [sys.executable, "-c", script], rank, stop_seconds=0.5)


def run(children: list[Child], until: str) -> tuple[Supervisor, list[str]]:
    """Watch the children until a line of theirs contains `until`."""
    lines: list[str] = []
    supervisor = Supervisor(children, {}, lines.append)
    deadline = time.monotonic() + 20

    def look() -> None:
        if any(until in line for line in lines) or time.monotonic() > deadline:
            supervisor.stopping.set()

    supervisor.watch(look)
    assert any(until in line for line in lines), lines
    return supervisor, lines


def test_each_line_carries_the_name_of_its_process() -> None:
    supervisor, lines = run([child("lamp", SLEEPER)], "up")
    supervisor.stop()
    assert lines == ["lamp               up"]


def test_a_process_that_dies_is_started_again(tmp_path: Path) -> None:
    mark = tmp_path / "once"
    script = (
        "import pathlib, time\n"
        f"mark = pathlib.Path({str(mark)!r})\n"
        "if mark.exists(): print('again', flush=True); time.sleep(600)\n"
        "mark.touch(); raise SystemExit(3)"
    )
    supervisor, _ = run([child("lamp", script)], "again")
    supervisor.stop()
    assert supervisor.children[0].failures == 1


def test_children_stop_in_the_order_of_their_ranks() -> None:
    script = (
        "import signal, time, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit()))\n"
        "print('up', flush=True); time.sleep(600)"
    )
    late, early = child("late", script, rank=2), child("early", script, rank=1)
    supervisor, lines = run([late, early], "early              up")
    assert local._until(lambda: sum("up" in line for line in lines) == 2, 10)
    supervisor.stop()
    assert [line.split()[0] for line in lines if "bye" in line] == ["early", "late"]


def test_a_process_that_will_not_stop_is_killed() -> None:
    supervisor, _ = run([child("lamp", STUBBORN)], "up")
    process = supervisor.children[0].process
    supervisor.stop()
    assert process.returncode == -signal.SIGKILL


def test_what_a_child_forked_goes_with_it() -> None:
    supervisor, lines = run([child("lamp", WITH_GRANDCHILD)], "lamp")
    grandchild = int(lines[0].split()[1])
    supervisor.stop()
    assert local._until(lambda: not places.alive(grandchild), 5)


def test_no_child_outlives_a_supervisor_that_is_killed() -> None:
    script = (
        "import sys\n"
        "from runtime.supervise import Child, Supervisor\n"
        f"child = Child('lamp', [sys.executable, '-c', {SLEEPER!r}], 0, 1.0)\n"
        "supervisor = Supervisor([child], {}, lambda line: print(child.process.pid, flush=True))\n"
        "supervisor.watch()\n"
    )
    supervisor = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert supervisor.stdout is not None
    pid = int(supervisor.stdout.readline())
    os.kill(supervisor.pid, signal.SIGKILL)
    supervisor.wait(10)
    supervisor.stdout.close()
    assert local._until(lambda: not places.alive(pid), 10)
