"""A station's people, and rest for one who is tired: she sees it, and may end it herself."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, clock, lines, outbox, wishes
from village.access import Actor
from village.errors import NotFound
from village.models import Membership, Person, Station, Volunteer


class Member(NamedTuple):
    """A volunteer of the station; `rest_until` only where the head herself has given it."""

    person: UUID
    name: str
    rest_until: datetime | None


def members(session: Session, actor: Actor, village: str, kind: str) -> list[Member]:
    """Return a station's active volunteers by name: no counts, no ranks (restraint N10)."""
    access.require("station.volunteers", access.station_relations(actor, village, kind))
    given = sa.case((Volunteer.rest_by == actor.person_id, Volunteer.rest_until))
    found = _active(village, kind).with_only_columns(Person.id, Person.name, given)
    now = clock.now()
    return [
        Member(person, name, until if until and until > now else None)
        for person, name, until in session.execute(found.order_by(Person.name, Person.id))
    ]


def give(
    session: Session,
    actor: Actor,
    village: str,
    kind: str,
    person_id: UUID,
    until: datetime | None,
) -> Member:
    """Leave a volunteer of the station in peace until then; None ends what the head has given.

    A longer rest of her own stays as it is, and is not shown. Raises NotFound, Forbidden,
    Invalid for what is no time to come.
    """
    access.require("station.rest", access.station_relations(actor, village, kind))
    mine = _active(village, kind).where(Person.id == person_id).with_only_columns(Person.name)
    name = session.scalar(mine)
    if name is None:
        raise NotFound
    wishes.check_rest(until)
    volunteer = session.get_one(Volunteer, person_id, with_for_update=True)
    if _is_hers_and_longer(volunteer, until):
        return Member(person_id, name, until)
    wishes.rest(volunteer, until, by=actor)
    volunteer.version += 1
    if until is None:
        outbox.put(session, "dispatch.freed", person_id)
    else:
        station = session.get_one(Station, (village, kind)).name
        lines.tell(session, [person_id], "rest", station=station, until=lines.day(until))
    return Member(person_id, name, until)


def _is_hers_and_longer(volunteer: Volunteer, until: datetime | None) -> bool:
    if volunteer.rest_by != volunteer.person_id or volunteer.rest_until is None:
        return False
    return until is None or volunteer.rest_until >= until


def _active(village: str, kind: str) -> sa.Select[Person]:
    return (
        sa.select(Person)
        .join(Volunteer, Volunteer.person_id == Person.id)
        .join(Membership, Membership.person_id == Person.id)
        .where(
            Membership.village_code == village,
            Membership.station == kind,
            Membership.active,
            Volunteer.status == "active",
        )
    )
