"""Waiting for something that is away: longer each time, and said once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Patience:
    """Pauses that double from 0.2 s to 5 s, until `stop` is set."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        self.stop = stop or threading.Event()
        self.seconds = 0.2

    def pause(self, reason: str, error: BaseException) -> None:
        """Wait once; the log says so when it begins and not at every try."""
        if self.seconds == 0.2:
            log.warning("%s, waiting", reason, extra={"error": type(error).__name__})
        self.stop.wait(self.seconds)
        self.seconds = min(self.seconds * 2, 5.0)

    def over(self) -> None:
        """Note that the thing is back."""
        if self.seconds > 0.2:
            log.info("back again")
        self.seconds = 0.2

    def until_done(self, act: Callable[[], object], error: type[Exception], reason: str) -> None:
        """Repeat `act` until it no longer raises `error`."""
        while not self.stop.is_set():
            try:
                act()
            except error as raised:
                self.pause(reason, raised)
            else:
                self.over()
                return
