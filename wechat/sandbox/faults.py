"""Refusals the stand-in gives by WeChat's rules, and failures it plays on demand."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field


class Refusal(Exception):
    """The stand-in answers with an errcode."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(errcode, errmsg)
        self.errcode = errcode
        self.errmsg = errmsg


@dataclass
class Fault:
    """One failure to play, `times` times: an errcode or status instead of the answer, or the answer
    after `delay_ms`, or (`drop`) the work done and the answer lost."""

    errcode: int | None = None
    status: int | None = None
    delay_ms: int = 0
    drop: bool = False
    times: int = 1


@dataclass
class Faults:
    """Failures waiting to be played, first in first out by path, and calls counted by path."""

    waiting: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    calls: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, path: str, fault: Fault) -> None:
        """Queues `fault`; one with no times left clears what waits at `path`."""
        with self.lock:
            if fault.times > 0:
                self.waiting[path].append(fault)
            else:
                self.waiting.pop(path, None)

    def next(self, path: str) -> Fault:
        """Counts a call to `path` and returns what to play for it; a blank fault is none."""
        with self.lock:
            self.calls[path] += 1
            queue = self.waiting.get(path)
            if not queue:
                return Fault()
            fault = queue[0]
            fault.times -= 1
            if fault.times <= 0:
                queue.popleft()
            return fault
