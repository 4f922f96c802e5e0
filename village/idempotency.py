"""Keyed calls: the first answer is kept with the change, and given again for 24 hours."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from village import clock, sealing
from village.db import changed, table
from village.errors import Invalid, LostRace
from village.models import IdempotencyKey

KEEP = timedelta(hours=24)


@dataclass(frozen=True)
class Call:
    """A keyed call: who, her key, and a fingerprint of what she asked."""

    caller: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True)
class Answer:
    """What was answered: status and JSON body."""

    status: int
    body: dict[str, Any]


class InProgress(LostRace):
    """The first call with this key is still being answered."""

    code = "in_progress"
    retryable = True


def fingerprint(method: str, path: str, body: bytes) -> bytes:
    """Return what makes two calls the same."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).digest()


def claim(session: Session, call: Call) -> Answer | None:
    """Take the key for this transaction; return the first answer if there is one.

    Raises InProgress while the first call runs, Invalid `idempotency_key_reused` for another
    body under the same key.
    """
    name = hashlib.sha256(f"{call.caller}\0{call.key}".encode()).digest()
    number = int.from_bytes(name[:8], "big", signed=True)
    mine = {"caller": call.caller, "key": call.key, "since": clock.wall() - KEEP}
    found = session.execute(_claim(), {"number": number, **mine}).one()
    if not found.held:
        raise InProgress
    if found.fingerprint is None:
        return None
    if bytes(found.fingerprint) != call.fingerprint:
        raise Invalid("idempotency_key_reused", "the key was used for another call")
    return Answer(found.status, sealing.body_from_rest(found.body, _whose(call)))


@cache
def _claim() -> sa.Select[*tuple[Any, ...]]:
    """Build the statement once: building it anew costs as much as running it."""
    held = sa.func.pg_try_advisory_xact_lock(sa.bindparam("number", type_=sa.BigInteger))
    locked, known = sa.select(held.label("held")).subquery(), table(IdempotencyKey)
    mine = sa.and_(
        known.c.caller == sa.bindparam("caller"),
        known.c.key == sa.bindparam("key"),
        known.c.created_at > sa.bindparam("since"),
    )
    return sa.select(locked.c.held, known).join(known, mine, isouter=True)


def keep(session: Session, call: Call, answer: Answer) -> bool:
    """Store the answer; False where another call has kept its own under this key meanwhile."""
    row = {
        "caller": call.caller,
        "key": call.key,
        "fingerprint": call.fingerprint,
        "status": answer.status,
        "body": sealing.body_at_rest(answer.body, _whose(call)),
        "created_at": clock.wall(),
    }
    return session.execute(_keep(), row).one_or_none() is not None


def _whose(call: Call) -> str:
    return f"{call.caller}:{call.key}"


@cache
def _keep() -> ReturningInsert[str]:
    """A key of yesterday that has not been purged yet is free, and is written over."""
    known = table(IdempotencyKey)
    insert = postgresql.insert(known)
    anew = {name: insert.excluded[name] for name in ("fingerprint", "status", "body", "created_at")}
    return insert.on_conflict_do_update(
        index_elements=[known.c.caller, known.c.key],
        set_=anew,
        where=known.c.created_at <= insert.excluded.created_at - KEEP,
    ).returning(known.c.key)


def purge(session: Session) -> int:
    """Remove answers older than 24 hours; return how many."""
    old = sa.delete(IdempotencyKey).where(IdempotencyKey.created_at < clock.wall() - KEEP)
    return changed(session, old)
