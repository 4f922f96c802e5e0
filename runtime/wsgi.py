"""The API process: the Flask application under gunicorn, built from the settings."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from runtime import logs, places, settings

if TYPE_CHECKING:
    from flask import Flask

    from runtime.settings import Settings


def create() -> Flask:
    """Build the application; gunicorn calls this once in each of its processes."""
    from runtime.wiring import application
    from village import clock

    loaded = settings.load()
    logs.configure("api", loaded.log_level)
    clock.configure(loaded.clock_file)
    return application(loaded)


def command(loaded: Settings) -> list[str]:
    """Return the command line that serves the API (threads, because PostgreSQL is waited for)."""
    return [
        sys.executable, "-m", "gunicorn", "runtime.wsgi:create()",
        "--bind", f"{loaded.host}:{loaded.port}",
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
    """Run the API until told to stop; returns gunicorn's exit code."""
    process = subprocess.Popen(  # noqa: S603 - our own command line
        command(loaded),
        env={**os.environ, **loaded.environment()},
        preexec_fn=places.end_with_parent,  # noqa: PLW1509 - one prctl call
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: process.terminate())
    return process.wait()
