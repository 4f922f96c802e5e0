"""Keeps a set of processes running: their output named, the dead started again, all stopped."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import IO

from runtime import places

log = logging.getLogger(__name__)

STEADY_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 15.0
LOOK_SECONDS = 0.2


@dataclass
class Child:
    """One process; those of lower `rank` are stopped first, each within `stop_seconds`."""

    name: str
    command: list[str]
    rank: int
    stop_seconds: float
    stop_signal: signal.Signals = signal.SIGTERM
    failures: int = 0
    started_at: float = 0.0
    next_start: float = 0.0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)


class Supervisor:
    """Starts children, each in a session of its own, and restarts those that die."""

    def __init__(
        self, children: list[Child], environment: dict[str, str], write: Callable[[str], None]
    ) -> None:
        self.children = children
        self.environment = environment
        self.write = write
        self.stopping = threading.Event()
        self._pumps: list[threading.Thread] = []

    def watch(self, each_time: Callable[[], object] = lambda: None) -> None:
        """Keep all children running until `stopping` is set; `each_time` is called in between."""
        while not self.stopping.is_set():
            for child in self.children:
                self._look_after(child)
            each_time()
            self.stopping.wait(LOOK_SECONDS)

    def stop(self) -> None:
        """Stop all children in the order of their ranks; what does not go in its time is killed."""
        self.stopping.set()
        ordered = sorted(self.children, key=lambda child: child.rank)
        for _, together in groupby(ordered, key=lambda child: child.rank):
            self._stop_together([child for child in together if child.process is not None])
        for pump in self._pumps:
            pump.join(1.0)

    def kill(self) -> None:
        """End every process of every child at once."""
        for child in self.children:
            _kill_session(child)

    def _look_after(self, child: Child) -> None:
        process, now = child.process, time.monotonic()
        if process is not None and process.poll() is not None:
            self._note_end(child, process.returncode, now)
        if child.process is None and now >= child.next_start:
            self._start(child, now)

    def _note_end(self, child: Child, code: int, now: float) -> None:
        _kill_session(child)
        child.process = None
        child.failures = 0 if now - child.started_at > STEADY_SECONDS else child.failures
        pause = min(0.5 * 2**child.failures, LONGEST_PAUSE_SECONDS)
        child.failures += 1
        child.next_start = now + pause
        facts = {"child": child.name, "exit_code": code, "restart_in_seconds": pause}
        log.warning("process ended", extra=facts)

    def _start(self, child: Child, now: float) -> None:
        # Always from the main thread: the kernel ties a child's life to the thread that made it.
        child.process = subprocess.Popen(  # noqa: S603 - our own commands
            child.command,
            env={**os.environ, **self.environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=places.end_with_parent,  # noqa: PLW1509 - one prctl call
        )
        child.started_at = now
        assert child.process.stdout is not None  # noqa: S101 - for the type checker
        pump = threading.Thread(target=self._pump, args=(child.name, child.process.stdout))
        pump.daemon = True
        pump.start()
        self._pumps = [thread for thread in self._pumps if thread.is_alive()] + [pump]

    def _pump(self, name: str, output: IO[bytes]) -> None:
        with output:
            for line in output:
                self.write(f"{name:<18} {line.decode(errors='replace').rstrip()}")

    def _stop_together(self, children: list[Child]) -> None:
        for child in children:
            if child.process is not None:
                child.process.send_signal(child.stop_signal)
        start = time.monotonic()
        for child in children:
            _wait(child, start + child.stop_seconds - time.monotonic())
            _kill_session(child)
            child.process = None


def _wait(child: Child, seconds: float) -> None:
    if child.process is None:
        return
    try:
        child.process.wait(max(seconds, 0.05))
    except subprocess.TimeoutExpired:
        log.warning("process killed, it did not stop in time", extra={"child": child.name})


def _kill_session(child: Child) -> None:
    """Kill the child and whatever it left behind; forked jobs make process groups of their own."""
    if child.process is None:
        return
    session = child.process.pid
    if child.process.poll() is None:
        child.process.kill()
    for pid in _members(session):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    child.process.wait()


def _members(session: int) -> Iterable[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z" and int(fields[3]) == session:
            yield int(stat.parent.name)
