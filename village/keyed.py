"""What is sealed in the database, and moving it to the current key in batches.

A batch is a transaction, and what is done stays done: a run that was ended goes on where it
was. What the release before wrote plain is sealed by the same run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Engine
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from village import clock, duty_reports, files, identities, keys, phones, sealing
from village.catalog.forms import level3_fields
from village.db import Base, table, transaction
from village.keys import PREFIX_BYTES, Keyring, KeysError
from village.models import DutyReport, File, KnownKey, Person, Request, WechatIdentity

BATCH = 500


@dataclass(frozen=True)
class Store:
    """A sealed column: which rows are not under a key, and how one row is sealed anew."""

    model: type[Base]
    column: str
    plain: Callable[[], sa.ColumnElement[bool]]
    seal: Callable[[Any], None]

    def stale(self, ring: Keyring) -> sa.ColumnElement[bool]:
        """Return what holds for rows that are plain, or sealed by another key than the current."""
        sealed = table(self.model).c[self.column]
        by = sa.func.substring(sealed, 1, PREFIX_BYTES)
        return sa.or_(sa.and_(sealed.is_not(None), by != ring.current.prefix), self.plain())


def _seal_answers(request: Request) -> None:
    sealing.write(request, {**request.answers, **sealing.opened(request)})


def _seal_openid(identity: WechatIdentity) -> None:
    columns = identities.sealed(identities.openid_of(identity), identity.person_id)
    identity.openid = None
    for name, value in columns.items():
        setattr(identity, name, value)


def _seal_phone(person: Person) -> None:
    for name, value in phones.sealed(person.id, phones.of(person) or "").items():
        setattr(person, name, value)


def _plain_answers() -> sa.ColumnElement[bool]:
    names = sa.cast(sa.literal(sorted(level3_fields())), postgresql.ARRAY(sa.Text))
    return sa.and_(Request.answers != sa.text("'{}'::jsonb"), Request.answers.has_any(names))


STORES: tuple[Store, ...] = (
    Store(Request, "sealed_answers", _plain_answers, _seal_answers),
    Store(DutyReport, "words_sealed", sa.false, duty_reports.seal_anew),
    Store(File, "sealed", sa.false, files.seal_anew),
    Store(Person, "phone_sealed", sa.false, _seal_phone),
    Store(
        WechatIdentity, "openid_sealed", lambda: WechatIdentity.openid.is_not(None), _seal_openid
    ),
)


def stale(session: Session) -> int:
    """Return how many rows are plain, or sealed by another key than the current one."""
    ring = keys.ring()
    return sum(
        session.scalar(sa.select(sa.func.count()).select_from(store.model).where(store.stale(ring)))
        or 0
        for store in STORES
    )


def seal_anew(engine: Engine) -> Iterator[int]:
    """Bring every row under the current key; yields after each batch how many rows it was.

    Raises Unreadable where a key is missing; what was done before stays.
    """
    for store in STORES:
        while done := _batch(engine, store):
            yield done


def _batch(engine: Engine, store: Store) -> int:
    with transaction(engine) as session:
        ring = keys.ring()
        rows = session.scalars(
            sa.select(store.model).where(store.stale(ring)).limit(BATCH).with_for_update()
        ).all()
        for row in rows:
            store.seal(row)
        return len(rows)


def known(session: Session) -> dict[str, str]:
    """Return the fingerprints of the keys that this database was sealed with, by name."""
    return {row.name: row.fingerprint for row in session.scalars(sa.select(KnownKey))}


def remember(session: Session) -> None:
    """Write which keys seal this database from now on. Raises KeysError for keys of another."""
    check(session)
    rows = [
        {"name": name, "fingerprint": mark, "first_at": clock.wall()}
        for name, mark in keys.ring().fingerprints.items()
    ]
    session.execute(postgresql.insert(table(KnownKey)).values(rows).on_conflict_do_nothing())


def check(session: Session) -> None:
    """Compare the key file with the database. Raises KeysError where a key differs or lacks."""
    wrong = missing(known(session), keys.ring())
    if wrong:
        raise KeysError(
            f"The key file is not that of this database (it lacks key {', '.join(wrong)}): "
            "put back the copy that is kept apart from the backups; see WUZHAN_KEYS_FILE."
        )


def try_check(engine: Engine) -> None:
    """Check, unless the database is away or older. Raises KeysError."""
    with suppress(sa.exc.OperationalError, ProgrammingError), transaction(engine) as session:
        check(session)


def missing(needed: dict[str, str], ring: Keyring) -> list[str]:
    """Return the names of keys that are needed and that a ring lacks, or has otherwise."""
    held = ring.fingerprints
    return [name for name, mark in sorted(needed.items()) if held.get(name) != mark]
