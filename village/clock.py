"""The only clock: domain time, which tests and the demo can offset, step and speed up.

Processes of one installation share a small JSON file (`configure`); without it, domain
time is real time. Service hours are 08:00-20:00 in Asia/Shanghai, every day.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
OPENS = time_of_day(8)
CLOSES = time_of_day(20)


@dataclass(frozen=True)
class _State:
    """It was `domain` (epoch seconds) at real time `real`; it runs `speed` times as fast."""

    real: float = 0.0
    domain: float = 0.0
    speed: float = 1.0


_path: Path | None = None
_seen: tuple[int, int] = (-1, -1)
_state = _State()


def configure(path: str | os.PathLike[str] | None) -> None:
    """Follow the clock file at `path`; None means real time."""
    global _path, _seen, _state
    _path, _seen, _state = (Path(path) if path else None), (-1, -1), _State()


def wall() -> datetime:
    """Return real time, aware UTC: for leases and retries, never for the domain."""
    return datetime.now(UTC)


def now() -> datetime:
    """Return domain time, aware UTC."""
    state = _current()
    return datetime.fromtimestamp(state.domain + (time.time() - state.real) * state.speed, UTC)


def _current() -> _State:
    global _seen, _state
    if _path is None:
        return _state
    try:
        stat = _path.stat()
    except FileNotFoundError:
        return _state
    stamp = (stat.st_mtime_ns, stat.st_ino)
    if stamp != _seen:
        _state, _seen = _State(**json.loads(_path.read_bytes())), stamp
    return _state


def step(delta: timedelta) -> datetime:
    """Move domain time on by `delta` for every process that follows the file; return it."""
    return set_time(now() + delta, _current().speed)


def set_time(moment: datetime, speed: float = 1.0) -> datetime:
    """Set domain time to `moment` (aware) and its speed; needs a configured file."""
    if _path is None:
        raise RuntimeError("the clock follows real time; configure a clock file first")
    state = _State(time.time(), moment.timestamp(), speed)
    draft = _path.with_name(f"{_path.name}.{os.getpid()}.tmp")
    draft.write_text(json.dumps(asdict(state)))
    draft.replace(_path)
    return moment


def local_date(moment: datetime) -> str:
    """Return the Shanghai date of `moment` as `20261122`."""
    return moment.astimezone(SHANGHAI).strftime("%Y%m%d")


def add_service_hours(start: datetime, hours: float) -> datetime:
    """Return the moment when `hours` of service time have passed since `start`."""
    left = timedelta(hours=hours)
    moment = start.astimezone(SHANGHAI)
    while True:
        opens, closes = _service_day(moment)
        moment = max(moment, opens)
        if moment + left <= closes:
            return (moment + left).astimezone(UTC)
        left -= max(closes - moment, timedelta(0))
        moment = _service_day(moment + timedelta(days=1))[0]


def end_of_service_day(start: datetime, days: int) -> datetime:
    """Return 20:00 of the `days`-th day after `start` (workflows 3.1, reading the table)."""
    day = start.astimezone(SHANGHAI) + timedelta(days=days)
    return _service_day(day)[1].astimezone(UTC)


def _service_day(moment: datetime) -> tuple[datetime, datetime]:
    day = moment.date()
    return datetime.combine(day, OPENS, SHANGHAI), datetime.combine(day, CLOSES, SHANGHAI)
