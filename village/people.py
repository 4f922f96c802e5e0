"""People as callers: who a token speaks for, logins, profile and consents."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock, identities, outbox
from village.access import Actor, Grant
from village.db import changed
from village.errors import GuardFailed, Invalid, Unauthenticated
from village.models import (
    LoginCode,
    OrgUnit,
    Person,
    RoleGrant,
    TokenFamily,
    Volunteer,
    WechatIdentity,
)

FAMILY_LIFE = timedelta(days=90)
LOOKED_LATELY = timedelta(days=3)  # who has will see a message in her inbox
CODE_LIFE = timedelta(minutes=10)

# One statement for every call: the login, the person, her offices in term, and her consent.
_ACTOR = sa.text("""
    select f.person_id, p.name, p.village_code, f.revoked_at, f.expires_at,
           exists (select 1 from volunteers v
                   where v.person_id = p.id and v.status = 'active') as volunteer,
           (select c.version from consents c
            where c.person_id = p.id and c.document = 'privacy'
            order by c.at desc, c.id desc limit 1) as version,
           (select c.accepted from consents c
            where c.person_id = p.id and c.document = 'privacy'
            order by c.at desc, c.id desc limit 1) as accepted,
           (select coalesce(json_agg(json_build_array(g.role, g.unit_code, g.station)), '[]')
            from role_grants g
            where g.person_id = p.id and g.valid_from <= :now
              and (g.valid_to is null or g.valid_to > :now)) as grants
    from token_families f join people p on p.id = f.person_id
    where f.id = :family
""")


def load_actor(session: Session, family_id: UUID) -> Actor:
    """Return the person that a login speaks for, with her offices in term.

    Raises Unauthenticated when the login has ended.
    """
    now = clock.now()
    found = session.execute(_ACTOR, {"family": family_id, "now": now}).one_or_none()
    if found is None or found.revoked_at is not None or found.expires_at <= now:
        raise Unauthenticated("login_ended", "log in again")
    return Actor(
        person_id=found.person_id,
        name=found.name,
        village=found.village_code,
        grants=tuple(Grant(*grant) for grant in found.grants),
        volunteer=found.volunteer,
        consent=found.version if found.accepted else None,
        family_id=family_id,
    )


def offices(session: Session, person_id: UUID) -> tuple[Grant, ...]:
    """Return a person's offices in term."""
    now = clock.now()
    held = sa.select(RoleGrant.role, RoleGrant.unit_code, RoleGrant.station).where(
        RoleGrant.person_id == person_id,
        RoleGrant.valid_from <= now,
        sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > now),
    )
    return tuple(Grant(*grant) for grant in session.execute(held))


def login(session: Session, openid: str) -> UUID:
    """Return whose an openid is; a new one is a villager without a village yet."""
    known = session.scalar(sa.select(WechatIdentity.person_id).where(identities.is_of(openid)))
    if known is not None:
        return known
    now = clock.now()
    person = Person(name="", created_at=now)
    session.add(person)
    session.flush()
    sealed = identities.sealed(openid, person.id)
    session.add(WechatIdentity(person_id=person.id, created_at=now, **sealed))
    return person.id


def remember_code(session: Session, code: str, person_id: UUID) -> None:
    """Keep a spent login code for ten minutes: a phone that lost the answer asks again."""
    expires_at = clock.now() + CODE_LIFE
    session.add(LoginCode(code_hash=_hash(code), person_id=person_id, expires_at=expires_at))


def person_of_code(session: Session, code: str) -> UUID | None:
    """Return whose login a spent code was, within its ten minutes."""
    return session.scalar(
        sa.select(LoginCode.person_id).where(
            LoginCode.code_hash == _hash(code), LoginCode.expires_at > clock.now()
        )
    )


def purge_codes(session: Session) -> int:
    """Remove login codes that nobody can ask again for; return how many."""
    return changed(session, sa.delete(LoginCode).where(LoginCode.expires_at < clock.now()))


def lock_code(session: Session, code: str) -> None:
    """Let two calls with the same code stand in line, since WeChat takes it once."""
    number = int.from_bytes(_hash(code)[:8], "big", signed=True)
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


def open_family(session: Session, person_id: UUID) -> TokenFamily:
    """Begin a login: a family of refresh tokens."""
    now = clock.now()
    family = TokenFamily(
        person_id=person_id, generation=0, created_at=now, expires_at=now + FAMILY_LIFE
    )
    session.add(family)
    session.flush()
    if session.scalar(sa.select(sa.exists().where(Volunteer.person_id == person_id))):
        outbox.put(session, "dispatch.freed", person_id)  # the inbox may reach her again
    return family


def rotate_family(session: Session, family_id: UUID, generation: int) -> TokenFamily | None:
    """Move a login on to its next refresh token; None if it has ended.

    A token that was spent before revokes the whole family: somebody has stolen one.
    """
    family = session.get(TokenFamily, family_id, with_for_update=True)
    if family is None or family.revoked_at is not None or family.expires_at <= clock.now():
        return None
    if family.generation != generation:
        family.revoked_at = clock.now()
        return None
    family.generation += 1
    if family.expires_at - FAMILY_LIFE < clock.now() - LOOKED_LATELY:
        outbox.put(session, "dispatch.freed", family.person_id)  # the inbox may reach her again
    family.expires_at = clock.now() + FAMILY_LIFE
    return family


def end_family(session: Session, family_id: UUID) -> None:
    """Log out: every token of the login is dead."""
    session.execute(
        sa.update(TokenFamily)
        .where(TokenFamily.id == family_id, TokenFamily.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )


def set_village(session: Session, actor: Actor, village: str) -> None:
    """Say where one lives. Raises Invalid for what is no natural village."""
    unit = session.get(OrgUnit, village)
    if unit is None or unit.kind != "natural_village":
        raise Invalid(errors={"village": ["没有这个村"]})
    session.get_one(Person, actor.person_id).village_code = village


CHECKED = ("verified", "active", "paused")


def _refuse_if_checked(session: Session, person: Person) -> None:
    volunteer = session.get(Volunteer, person.id)
    if volunteer is not None and volunteer.status in CHECKED:
        raise GuardFailed("birth_year_checked", "the association has checked the year of birth")


def set_profile(session: Session, actor: Actor, fields: dict[str, Any]) -> None:
    """Replace the profile's fields that were sent: `name`, `birth_year`.

    Raises GuardFailed `birth_year_checked`: what the association has looked at when it took her in
    decides whether she may do dangerous work (rules 2.3), and is not hers to change any more.
    """
    person = session.get_one(Person, actor.person_id)
    if fields.get("birth_year", person.birth_year) != person.birth_year:
        _refuse_if_checked(session, person)
    for field, value in fields.items():
        setattr(person, field, value)
