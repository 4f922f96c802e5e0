"""Phone numbers: sealed at rest, found by a keyed hash, shown to who must phone."""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock, keys
from village.access import Actor
from village.models import Person

PHONE = "phone"
_NUMBER = re.compile(r"1[3-9]\d{9}|0\d{9,11}")


def normal(text: str) -> str | None:
    """Return the digits of a mobile or fixed phone, without +86; None for what is none."""
    found = re.sub(r"[\s()\-－—]", "", unicodedata.normalize("NFKC", text))
    found = re.sub(r"^(\+|00)?86(?=1)", "", found)
    return found if found.isascii() and _NUMBER.fullmatch(found) else None


def sealed(person_id: UUID, number: str) -> dict[str, Any]:
    """Return the columns of a Person for a `normal` number."""
    ring = keys.ring()
    return {
        "phone_hash": ring.find(PHONE, number),
        "phone_sealed": ring.seal(number.encode(), bound_to(person_id)),
    }


def of(person: Person) -> str | None:
    """Return a person's number, for who may phone her. Raises Unreadable."""
    if person.phone_sealed is None:
        return None
    return keys.ring().open(person.phone_sealed, bound_to(person.id)).decode()


def bound_to(person_id: UUID) -> str:
    """Return to what the sealed number of a person is bound."""
    return f"{PHONE}:{person_id}"


def mask(number: str) -> str:
    """Return a number of which its owner knows which it is: `199****0001`."""
    return f"{number[:3]}****{number[-4:]}"


def read(session: Session, actor: Actor) -> Person:
    """Return the caller's own person."""
    return session.get_one(Person, actor.person_id)


def put(session: Session, actor: Actor, number: str, *, verified: bool) -> Person:
    """Keep the caller's `normal` number; `verified`: WeChat says that it is hers.

    Whose it was before has it no longer: numbers are passed on.
    """
    person = session.get_one(Person, actor.person_id, with_for_update=True)
    columns = sealed(person.id, number)
    if verified:
        _lapse(session, person, columns["phone_hash"])
    if verified or person.phone_hash != columns["phone_hash"]:
        person.phone_verified_at = clock.now() if verified else None
    for name, value in columns.items():
        setattr(person, name, value)
    return person


def _lapse(session: Session, person: Person, phone_hash: bytes) -> None:
    others = sa.update(Person).where(
        Person.phone_hash == phone_hash,
        Person.id != person.id,
        Person.phone_verified_at.is_not(None),
    )
    session.execute(others.values(phone_verified_at=None))


def drop(session: Session, actor: Actor) -> None:
    """Forget the caller's number."""
    person = session.get_one(Person, actor.person_id, with_for_update=True)
    person.phone_hash = person.phone_sealed = person.phone_verified_at = None
