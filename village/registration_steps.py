"""What every step of a volunteer's registration has in common: the row locked, moved, noted."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock, workdays
from village.access import Actor
from village.errors import NotFound
from village.models import Membership, Person, RegistrationStep, Volunteer
from village.registration_views import View, applicant
from village.relations import OWNER
from village.workflow.registration import REGISTRATION

DECIDE_DAYS = 5  # working days [P]


def decide_by() -> datetime:
    """Return until when the association should have decided."""
    return workdays.end_of_working_day(clock.now(), DECIDE_DAYS)


def locked(session: Session, person_id: UUID) -> View:
    """Return a person's volunteering, locked. Raises NotFound."""
    volunteer = session.get(Volunteer, person_id, with_for_update=True, populate_existing=True)
    if volunteer is None:
        raise NotFound
    person = session.get_one(Person, person_id)
    return View(applicant(session, person, volunteer), person.name, volunteer, frozenset())


def moved(session: Session, view: View, step: str, target: str, by: UUID | None) -> None:
    """Write a new state and its step; None: by the clock."""
    volunteer = session.get_one(Volunteer, view.who.person_id)
    volunteer.status = target
    volunteer.version += 1
    note(session, view.who.person_id, step, by)


def own(session: Session, actor: Actor, step: str | None = None) -> View:
    """Return the caller's own volunteering, locked, after her `step`. Raises NotFound, LostRace."""
    if actor.person_id is None or session.get(Volunteer, actor.person_id) is None:
        raise NotFound("not_a_volunteer", "the caller is no volunteer")
    view, mine = locked(session, actor.person_id), frozenset({OWNER})
    if step is not None:
        found = REGISTRATION.take(session, view.who, step, actor=actor, relations=mine)
        moved(session, view, step, found.target, actor.person_id)
    return view


def note(session: Session, person_id: UUID, step: str, by: UUID | None) -> None:
    """Keep that a step was taken."""
    session.add(RegistrationStep(person_id=person_id, step=step, by_id=by, at=clock.now()))
    session.flush()


def leave_stations(session: Session, person_id: UUID) -> None:
    """End her places in all stations."""
    hers = sa.update(Membership).where(Membership.person_id == person_id)
    session.execute(hers.values(active=False))
