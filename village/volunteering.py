"""Her own steps as a volunteer: object, pause, come back, leave; and what the clock does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock, exclusions, lines, offers, outbox
from village.access import Actor
from village.models import (
    AvailabilityWindow,
    Offer,
    Place,
    Registration,
    Task,
    TimeOff,
    Volunteer,
)
from village.registration_steps import decide_by, leave_stations, locked, moved, own
from village.registration_views import View, read_one, tell_deciders

LATE = timedelta(days=5)
GUARDIAN_TIME = timedelta(days=30)
MOST = 100


def object_to(session: Session, actor: Actor, text: str) -> View:
    """Object to being declined, once: the rung above the chair looks at it. Raises LostRace."""
    view = own(session, actor, "object")
    view.registration.objection, view.registration.due_at = text, decide_by()
    session.flush()
    tell_deciders(session, view.registration, "volunteer_objected", rung=1)
    return read_one(session, actor, view.who.person_id)


def pause(session: Session, actor: Actor) -> View:
    """Not be asked until she says so; open invitations go back, promised places stay hers."""
    return _step_aside(session, actor, "pause")


def resume(session: Session, actor: Actor) -> View:
    """Be asked again."""
    view = own(session, actor, "resume")
    outbox.put(session, "dispatch.freed", view.who.person_id)
    return read_one(session, actor, view.who.person_id)


def leave(session: Session, actor: Actor) -> View:
    """Stop being a volunteer: invitations and places go back, and what she told for it is gone.

    What was written down of her hours stays hers to see, until she has her data erased.
    """
    return _step_aside(session, actor, "leave")


def _step_aside(session: Session, actor: Actor, step: str) -> View:
    """Let go first: an answer locks its request before her row, and so must this."""
    if actor.person_id is not None:
        _let_go(session, actor.person_id, places=step == "leave")
    view = own(session, actor, step)
    if step == "leave":
        forget(session, view.who.person_id)
    return read_one(session, actor, view.who.person_id)


def _let_go(session: Session, person_id: UUID, *, places: bool) -> None:
    """Take back her open invitations, and with `places` what she has promised; others are asked."""
    open_ = sa.select(Offer.request_id, Offer.task_id, Offer.status).where(
        Offer.person_id == person_id, sa.or_(Offer.status == "offered", Offer.stands_by)
    )
    held = sa.select(Place.task_id).join(Task, Task.id == Place.task_id).where(
        Place.person_id == person_id, Place.status.in_(("taken", "checked_in")),
        Task.status.in_(("open", "filled")),
    )  # fmt: skip
    if places:
        for task_id in session.scalars(held.order_by(Place.task_id)).all():
            offers.release(session, Actor(person_id=person_id), task_id)
    for row in session.execute(open_.order_by(Offer.id)).all():
        exclusions.take_out(session, row.request_id, person_id)


def forget(session: Session, person_id: UUID) -> None:
    """Forget what only served to ask her; her papers and hours are the record's (办法 5-10)."""
    leave_stations(session, person_id)
    for model in (AvailabilityWindow, TimeOff):
        session.execute(sa.delete(model).where(model.person_id == person_id))
    nothing: dict[str, Any] = {
        "skills": [], "disliked": [], "rest_until": None, "rest_by": None,
        "guardian_consent": False,
    }  # fmt: skip
    session.execute(sa.update(Volunteer).where(Volunteer.person_id == person_id).values(nothing))
    words = ("about", "guardian_name", "guardian_code", "reason", "objection", "due_at")
    mine = sa.update(Registration).where(Registration.person_id == person_id)
    session.execute(mine.values(dict.fromkeys(words)))
    session.expire_all()


# ---------------------------------------------------------------- the clock


def sweep(session: Session) -> int:
    """Say what waits too long, let lapse what no guardian has agreed to, and let go what was
    invited while she paused or left. Returns how many were due."""
    due = sa.select(Registration.person_id).where(Registration.due_at <= clock.now())
    found = session.scalars(due.order_by(Registration.due_at).limit(MOST)).all()
    for person_id in found:
        _over(session, locked(session, person_id))
    gone = sa.select(Offer.person_id, Volunteer.status).join(
        Volunteer, Volunteer.person_id == Offer.person_id
    )
    gone = gone.where(Volunteer.status.in_(("paused", "left")), Offer.status == "offered")
    for row in session.execute(gone.distinct().limit(MOST)).all():
        _let_go(session, row.person_id, places=row.status == "left")
    return len(found)


def _over(session: Session, view: View) -> None:
    registration, status = view.registration, view.who.status
    waits = registration.guardian_at is None and status == "guardian_pending"
    if waits and registration.applied_at <= clock.now() - GUARDIAN_TIME:
        moved(session, view, "lapse", "left", None)
        forget(session, view.who.person_id)
        lines.tell(session, [view.who.person_id], "volunteer_lapsed")
        return
    registration.due_at = clock.now() + LATE
    if waits:
        lines.tell(session, [view.who.person_id], "volunteer_guardian")
    else:
        rung = 1 if status == "objected" else 0
        tell_deciders(session, registration, "volunteer_late", rung=rung)
