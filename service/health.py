"""How the installation stands: what readiness and metrics are read from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from dispatch.routing import model
from service.context import AppContext
from village import clock, keyed, keys, migrate, outbox, workdays
from village.db import transaction

QUEUES = ("dispatch", "notify", "slow")
HEARTBEAT_KEY = "wuzhan:worker:{queue}"
OUTBOX_LATE_SECONDS = 120
VITAL = ("database", "migrations")


def readiness(app: AppContext) -> dict[str, Any]:
    """Return each check's state; intake goes on as long as the database does."""
    checks = {name: _guarded(check, app) for name, check in CHECKS.items()}
    states = {name: found["state"] for name, found in checks.items()}
    if any(states[name] == "down" for name in VITAL):
        status = "down"
    else:
        status = "ok" if set(states.values()) == {"ok"} else "degraded"
    return {"status": status, "checks": checks}


def _guarded(check: Callable[[AppContext], dict[str, str]], app: AppContext) -> dict[str, str]:
    try:
        return check(app)
    except (SQLAlchemyError, redis.RedisError, OSError) as error:
        return {"state": "down", "detail": type(error).__name__}


def _database(app: AppContext) -> dict[str, str]:
    with app.engine.connect() as connection:
        connection.execute(sa.text("select 1"))
    return {"state": "ok", "detail": "answers"}


def _migrations(app: AppContext) -> dict[str, str]:
    current, head = migrate.current(app.engine), migrate.head()
    if current == head:
        return {"state": "ok", "detail": str(current)}
    known = current is not None and current > (head or "")
    return {"state": "ok" if known else "down", "detail": f"at {current}, code knows {head}"}


def _redis(app: AppContext) -> dict[str, str]:
    app.redis.ping()
    return {"state": "ok", "detail": "answers"}


def _workers(app: AppContext) -> dict[str, str]:
    missing = [q for q in QUEUES if not app.redis.exists(HEARTBEAT_KEY.format(queue=q))]
    if missing:
        return {"state": "degraded", "detail": f"no worker: {', '.join(missing)}"}
    return {"state": "ok", "detail": "one or more on each queue"}


def _outbox(app: AppContext) -> dict[str, str]:
    with transaction(app.engine) as session:
        oldest = outbox.oldest_open(session)
    age = 0 if oldest is None else max(int((clock.wall() - oldest).total_seconds()), 0)
    state = "degraded" if age > OUTBOX_LATE_SECONDS else "ok"
    return {"state": state, "detail": f"oldest row {age} s"}


def _routing(app: AppContext) -> dict[str, str]:
    found = model.state()
    state = "ok" if found.state == "ok" else "degraded"
    return {"state": state, "detail": f"{found.state} {found.version or ''}".strip()}


def _calendar(app: AppContext) -> dict[str, str]:
    workdays.try_follow(app.engine)
    now, why = clock.now(), workdays.broken()
    year = workdays.missing(now)
    if year is None and not why:
        return {"state": "ok", "detail": f"until {max(workdays.years())}"}
    # The next year is waited for each November: its alarm is the metric, the doctor, the inbox.
    under_way = year is not None and str(year) <= clock.local_date(now)[:4]
    state = "degraded" if why or under_way else "ok"
    return {"state": state, "detail": why or f"no holidays of {year}"}


def _keys(app: AppContext) -> dict[str, str]:
    """After a rotation elsewhere, a machine with the old file reads nothing that is new."""
    with transaction(app.engine) as session:
        lacking = keyed.missing(keyed.known(session), keys.ring())
    if lacking:
        return {"state": "degraded", "detail": f"the key file lacks {', '.join(lacking)}"}
    return {"state": "ok", "detail": "those of the database"}


CHECKS: dict[str, Callable[[AppContext], dict[str, str]]] = {
    "database": _database,
    "migrations": _migrations,
    "redis": _redis,
    "workers": _workers,
    "outbox": _outbox,
    "routing_model": _routing,
    "calendar": _calendar,
    "keys": _keys,
}
