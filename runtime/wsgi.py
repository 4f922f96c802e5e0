"""The API process: the Flask application under gunicorn, built from the settings."""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runtime import logs, places, settings

if TYPE_CHECKING:
    from flask import Flask

    from runtime.settings import Settings

log = logging.getLogger(__name__)

LOADED_FD = "WUZHAN_LOADED_FD"  # where each process says that it can answer
LOAD_SECONDS = 120.0


def create() -> Flask:
    """Build the application; gunicorn calls this once in each of its processes."""
    from runtime import wire_errors
    from runtime.wiring import application
    from village import clock, keyed

    wire_errors.install()
    loaded = settings.load()
    logs.configure("api", loaded.log_level)
    clock.configure(loaded.clock_file)
    app = application(loaded)
    keyed.try_check(app.extensions["wuzhan"].engine)  # with others' keys everybody were new
    if fd := os.environ.get(LOADED_FD):
        with suppress(OSError):  # nobody listens any more
            os.write(int(fd), b".")
    return app


def command(loaded: Settings, bind: str | None = None) -> list[str]:
    """Return the command line that serves the API (threads, because PostgreSQL is waited for)."""
    return [
        sys.executable, "-m", "gunicorn", "runtime.wsgi:create()",
        "--bind", bind or f"{loaded.host}:{loaded.port}",
        "--worker-class", "gthread",
        "--workers", str(loaded.api_processes),
        "--threads", "8",
        "--timeout", "30",
        "--graceful-timeout", "25",
        "--keep-alive", "5",
        "--max-requests", "5000",
        "--max-requests-jitter", "500",
        # Its default socket would be shared by all installations of a user.
        "--no-control-socket",
        "--logger-class", "runtime.logs.GunicornLogger",
    ]  # fmt: skip


def serve(loaded: Settings) -> int:
    """Run the API until told to stop; returns gunicorn's exit code.

    SIGHUP starts it anew with the code that is now installed: the old processes serve until the
    new ones can, then end what they have begun.
    """
    api = _Api(loaded)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: api.stop())
    signal.signal(signal.SIGHUP, lambda *_: api.renew.set())
    return api.serve()


@dataclass
class _Api:
    """The socket, and gunicorn behind it: for a while two of them, when it is started anew."""

    loaded: Settings
    renew: threading.Event = field(default_factory=threading.Event)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def serve(self) -> int:
        with socket.create_server((self.loaded.host, self.loaded.port), backlog=2048) as door:
            os.close(self._start(door))
            while self.running[-1].poll() is None:
                if self.renew.wait(0.2):
                    self.renew.clear()
                    self._restart(door)
            return int(self.running[-1].returncode)

    def stop(self) -> None:
        for process in self.running:
            process.terminate()

    def _restart(self, door: socket.socket) -> None:
        said = self._start(door)
        if _loaded(said, self.loaded.api_processes):
            for old in self.running[:-1]:
                old.terminate()
                old.wait()
            del self.running[:-1]
        else:
            log.error("the new processes did not start: the old ones go on")
            new = self.running.pop()
            new.terminate()  # not killed: its own processes would be left behind
            new.wait()

    def _start(self, door: socket.socket) -> int:
        """Start gunicorn on the socket; return where its processes say that they can answer."""
        reading, writing = os.pipe()
        process = subprocess.Popen(  # noqa: S603 - our own command line
            command(self.loaded, f"fd://{door.fileno()}"),
            env={**os.environ, **self.loaded.environment(), LOADED_FD: str(writing)},
            pass_fds=(door.fileno(), writing),
            preexec_fn=places.end_with_parent,  # noqa: PLW1509 - one prctl call
        )
        os.close(writing)
        self.running.append(process)
        return reading


def _loaded(said: int, processes: int) -> bool:
    """Wait until so many processes have said that they can answer; False where they will not."""
    deadline, found = time.monotonic() + LOAD_SECONDS, 0
    with open(said, "rb", buffering=0) as pipe:
        while found < processes and (left := deadline - time.monotonic()) > 0:
            if select.select([pipe], [], [], left)[0]:
                word = pipe.read(1)
                if not word:  # all of them are gone
                    break
                found += 1
    return found >= processes
