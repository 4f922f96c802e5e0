"""The only clock: domain time, which tests and the demo can offset, step and speed up.

Processes of one installation share a small JSON file (`configure`); without it, domain
time is real time. Service hours are a village's own; where it has none, 08:00-20:00 in
Asia/Shanghai, every day.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
OPENS = time_of_day(8)
CLOSES = time_of_day(20)
DAY = timedelta(days=1)
STEPPED = "wuzhan_clock"  # on this channel of the database a relay hears that time was stepped


def _every_day(day: date) -> bool:
    return True


@dataclass(frozen=True)
class Hours:
    """When a village's stations serve: minutes of the Shanghai day, on the days that `serves`."""

    opens: int = OPENS.hour * 60
    closes: int = CLOSES.hour * 60
    serves: Callable[[date], bool] = _every_day

    def of_day(self, day: date) -> tuple[datetime, datetime]:
        """Return opening and closing of the first service day from `day` on."""
        while not self.serves(day):
            day += DAY
        midnight = datetime.combine(day, time_of_day(), SHANGHAI)
        return midnight + timedelta(minutes=self.opens), midnight + timedelta(minutes=self.closes)


STANDARD = Hours()


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


def today() -> date:
    """Return the day that it is in Shanghai."""
    return now().astimezone(SHANGHAI).date()


def step(delta: timedelta) -> datetime:
    """Move domain time on by `delta` for every process that follows the file; return it."""
    return set_time(now() + delta, _current().speed)


def set_time(moment: datetime, speed: float = 1.0) -> datetime:
    """Set domain time to `moment` (aware) and its speed; needs a configured file."""
    if _path is None:
        raise RuntimeError("the clock follows real time; configure a clock file first")
    state = _State(time.time(), moment.timestamp(), speed)
    draft = _path.with_name(f"{_path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    draft.write_text(json.dumps(asdict(state)))
    draft.replace(_path)
    return moment


def local_date(moment: datetime) -> str:
    """Return the Shanghai date of `moment` as `20261122`."""
    return moment.astimezone(SHANGHAI).strftime("%Y%m%d")


def add_service_hours(start: datetime, hours: float, when: Hours = STANDARD) -> datetime:
    """Return the moment when `hours` of service time have passed since `start`."""
    left = timedelta(hours=hours)
    moment = start.astimezone(SHANGHAI)
    while True:
        opens, closes = when.of_day(moment.date())
        moment = max(moment, opens)
        if moment + left <= closes:
            return (moment + left).astimezone(UTC)
        left -= max(closes - moment, timedelta(0))
        moment = when.of_day(moment.date() + DAY)[0]


def service_time(start: datetime, end: datetime, when: Hours = STANDARD) -> timedelta:
    """Return how much service time lies between two moments; none, if `end` is the earlier one."""
    moment, last = start.astimezone(SHANGHAI), end.astimezone(SHANGHAI)
    passed = timedelta(0)
    while moment < last:
        opens, closes = when.of_day(moment.date())
        passed += max(min(closes, last) - max(opens, moment), timedelta(0))
        moment = max(closes, when.of_day(moment.date() + DAY)[0])
    return passed


def end_of_service_day(start: datetime, days: int, when: Hours = STANDARD) -> datetime:
    """Return closing time of the `days`-th service day after `start` (workflows 3.1)."""
    day = start.astimezone(SHANGHAI).date()
    for _ in range(days):
        day = when.of_day(day + DAY)[0].date()
    return when.of_day(day)[1].astimezone(UTC)
