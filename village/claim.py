"""The rules of a yes: what the invitation asked is asked again, since days may lie between."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from village import clock, lending
from village.eligibility import has_skills, is_insured, is_old_enough
from village.errors import GuardFailed, Invalid, Recused
from village.models import (
    Certificate,
    Membership,
    Offer,
    Person,
    Place,
    Request,
    RoleGrant,
    Task,
    Volunteer,
)
from village.workflow.engine import LOCK

STALE_YES = timedelta(hours=1)
NEIGHBOURS = 2  # the circle of an offer
NO_SHOW_AFTER = timedelta(minutes=30)  # R17, R18

Span = tuple[datetime, datetime]


def may_come(session: Session, offer: Offer, task: Task, span: Span | None) -> None:
    """Ask the hard rules again, her row locked: she may be answering elsewhere, too.

    Raises Recused, or GuardFailed `not_active`, `not_lent` (her village's agreement has ended
    since she was asked), `not_skilled`, `not_accredited`, `too_young`,
    `not_insured`, `at_capacity`, `overlaps`.
    """
    volunteer = session.get_one(Volunteer, offer.person_id, with_for_update=LOCK)
    if session.scalar(sa.select(sa.func.is_too_close(offer.request_id, offer.person_id))):
        raise Recused
    member, lent, in_hand = _standing(session, offer, task)
    if offer.circle == NEIGHBOURS and not lent:
        raise GuardFailed("not_lent", "the villages do not help each other any more")
    if volunteer.status != "active" or not (member or lent):
        raise GuardFailed("not_active", "she is no volunteer at present")
    if not has_skills(volunteer.skills, _certificates(session, volunteer), task):
        raise GuardFailed("not_skilled", "this needs a skill, or a valid certificate")
    if session.get_one(Request, offer.request_id).sealed and not _mediates(session, offer, task):
        raise GuardFailed("not_accredited", "this is for accredited mediators")
    person = session.get_one(Person, offer.person_id)
    if not is_old_enough(person.birth_year, volunteer.guardian_consent, task, clock.now()):
        raise GuardFailed("too_young", "this needs an adult")
    if not is_insured(volunteer.insured_until, task):
        raise GuardFailed("not_insured", "this needs an insurance on that day")
    if in_hand >= volunteer.max_open_tasks:
        raise GuardFailed("at_capacity", "she has as many tasks in hand as she wants")
    if span is not None:
        is_free(session, offer, span)


def is_free(session: Session, offer: Offer, span: Span) -> None:
    """Raise GuardFailed `overlaps` where she has promised that time to another task."""
    elsewhere = sa.exists().where(
        Place.person_id == offer.person_id,
        Place.task_id != offer.task_id,
        Place.status.in_(("taken", "checked_in")),
        Place.busy.overlaps(Range(*span)),
    )
    if session.scalar(sa.select(elsewhere)):
        raise GuardFailed("overlaps", "another place is held at that time")


def check_arrival(task: Task, arrival: datetime | None) -> None:
    """Raise Invalid for a time at which nothing is to be done; a tap may wait for a network."""
    if arrival is None:
        return
    if not max(task.starts_at, clock.now() - STALE_YES) <= arrival <= task.ends_at:
        raise Invalid("arrival_outside", "the arrival is not within the task's time")


def _standing(session: Session, offer: Offer, task: Task) -> tuple[bool, bool, int]:
    """Return whether she is of the task's village, or of one that lends; her tasks in hand."""
    hers = sa.and_(Membership.person_id == offer.person_id, Membership.active)
    member = sa.exists().where(hers, Membership.village_code == task.village_code)
    theirs = lending.between(task.village_code, Membership.village_code, task.station)
    lent = sa.exists().where(hers, theirs)
    in_hand = (
        sa.select(sa.func.count())
        .select_from(Place)
        .join(Task, Task.id == Place.task_id)
        .where(
            Place.person_id == offer.person_id,
            Place.task_id != offer.task_id,
            Place.status.in_(("taken", "checked_in")),
            Task.status.in_(("open", "filled")),
        )
    )
    row = session.execute(sa.select(member, lent, in_hand.scalar_subquery())).one()
    return bool(row[0]), bool(row[1]), int(row[2])


def _certificates(session: Session, volunteer: Volunteer) -> dict[str, date | None]:
    papers = sa.select(Certificate.skill, Certificate.valid_until)
    found = session.execute(papers.where(Certificate.person_id == volunteer.person_id))
    return {row.skill: row.valid_until for row in found}


def _mediates(session: Session, offer: Offer, task: Task) -> bool:
    now = clock.now()
    granted = sa.exists().where(
        RoleGrant.person_id == offer.person_id,
        RoleGrant.role == "mediator",
        RoleGrant.unit_code == task.village_code,
        RoleGrant.valid_from <= now,
        sa.or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to > now),
    )
    return bool(session.scalar(sa.select(granted)))
