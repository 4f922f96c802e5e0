"""Logs: one JSON line per event, with ids and never with what people wrote."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType
from typing import Any

from gunicorn.glogging import Logger as GunicornBase
from pythonjsonlogger.json import JsonFormatter
from redis.exceptions import RedisError

# Messages of these say where a connection failed; any other may quote a value somebody typed.
TELLING = (OSError, RedisError)
QUIET = ("rq.worker", "rq.scheduler", "werkzeug", "urllib3", "alembic")

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def configure(process: str, level: str = "INFO") -> None:
    """Send this process's log to standard output as JSON lines that carry the process's name."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Formatter(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))


class Formatter(JsonFormatter):
    """JSON lines: time, level, process, message, and the facts given in `extra`."""

    def __init__(self, process: str) -> None:
        super().__init__(
            "{asctime}{levelname}{name}{message}",
            style="{",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            static_fields={"process": process},
            json_ensure_ascii=False,
            datefmt="%Y-%m-%dT%H:%M:%S%z",
        )

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - the name is logging's
        """Return types and places of an exception and its causes, without quoting values."""
        parts: list[str] = []
        error = ei[1]
        while error is not None:
            parts.append(_told(error))
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return " <- ".join(parts)


def _told(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames]
    message = f": {error}" if isinstance(error, TELLING) else ""
    return f"{type(error).__module__}.{type(error).__qualname__}{message} at {' > '.join(places)}"


class GunicornLogger(GunicornBase):  # type: ignore[misc]  # gunicorn ships no types
    """Lets gunicorn's own messages go through the same handler as everything else.

    Of a call that could not be read nothing is logged but that there was one: gunicorn would log
    the whole address line, and who called.
    """

    def setup(self, cfg: Any) -> None:
        """Replace gunicorn's handlers by ours."""
        self.loglevel = logging.INFO
        self.error_log.setLevel(logging.INFO)
        self.error_log.propagate = True

    def warning(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Leave out what was sent."""
        unread = str(msg).startswith("Invalid request from ip=")
        super().warning("a call could not be read" if unread else msg, *args, **kwargs)
