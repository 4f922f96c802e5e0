"""Rounds: who is asked next, what happens when time runs out, and taking offers back."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch import candidates, policy
from dispatch.candidates import Screened
from dispatch.policy import Decision, Standing, Verdict
from village import clock, offers
from village.db import table
from village.ids import new_id
from village.models import DueTime, Offer, Place, Request, Task, Volunteer
from village.workflow import priorities
from village.workflow.engine import attempt
from village.workflow.offer import LIVE, OFFER
from village.workflow.request import REQUEST

SLEEPERS_WAIT = timedelta(minutes=30)


def run_round(session: Session, request_id: UUID) -> Decision | None:
    """Bring the request's open task one round on; None when it looks for nobody.

    Safe to run at any time and any number of times: it reads how things stand under the
    request's lock, and does only what is missing.
    """
    request = REQUEST.lock(session, request_id)
    if request is None or request.status != "dispatching":
        return None
    task = session.scalar(
        sa.select(Task).where(Task.request_id == request_id, Task.status == "open")
    )
    if task is None:
        return None
    now = clock.now()
    _expire(session, task, now)
    found = candidates.screen(session, task, now)
    standing = _standing(session, task)
    decision = policy.decide(now, standing, found.eligible)
    if decision.verdict in (Verdict.GIVE_UP, Verdict.SHORT) and _some_sleep(found, standing):
        _wake_later(session, request_id, now + SLEEPERS_WAIT)
        return None
    _carry_out(session, request, task, decision, standing.places_taken)
    return decision


def _some_sleep(found: Screened, standing: Standing) -> bool:
    """Tell whether somebody may still be asked when her quiet hours are over."""
    return bool(found.left_out.get("awake")) and standing.wave < policy.WAVES


def _wake_later(session: Session, request_id: UUID, at: datetime) -> None:
    wake = {"id": new_id(), "request_id": request_id, "kind": "offer_round", "due_at": at}
    session.execute(sa.insert(table(DueTime)).values(wake))


def _expire(session: Session, task: Task, now: datetime) -> None:
    overdue = sa.select(Offer.id).where(
        Offer.task_id == task.id, Offer.status == "offered", Offer.expires_at <= now
    )
    for offer_id in session.scalars(overdue).all():
        attempt(session, OFFER, offer_id, "expire")


def _standing(session: Session, task: Task) -> Standing:
    places = sa.select(
        sa.func.count().filter(Place.status == "open"),
        sa.func.count().filter(Place.status != "open"),
    ).where(Place.task_id == task.id)
    asked = sa.select(
        sa.func.count().filter(Offer.status == "offered"),
        sa.func.count().filter(Offer.status.in_(("offered", "expired")), Offer.wave == task.wave),
    ).where(Offer.task_id == task.id)
    places_open, places_taken = session.execute(places).one()
    out, unanswered = session.execute(asked).one()
    return Standing(places_open, places_taken, out, unanswered, task.wave, task.wave_ends_at)


def _carry_out(
    session: Session, request: Request, task: Task, decision: Decision, taken: int
) -> None:
    if decision.verdict is Verdict.GIVE_UP:
        attempt(session, REQUEST, request.id, "give_up")
        return
    if decision.wave_over and taken and not request.no_volunteer:
        attempt(session, REQUEST, request.id, "run_short")
    if decision.verdict is Verdict.ASK:
        _ask(session, request, task, decision)


def _ask(session: Session, request: Request, task: Task, decision: Decision) -> None:
    now = clock.now()
    expires_at = priorities.offer_expires(request.priority, now)
    if decision.wave != task.wave:
        task.wave, task.wave_ends_at, task.policy = decision.wave, expires_at, policy.VERSION
    for person_id in decision.ask:
        offers.invite(session, task, person_id, wave=decision.wave, expires_at=expires_at)
    session.execute(
        sa.update(Volunteer)
        .where(Volunteer.person_id.in_(decision.ask))
        .values(last_asked_at=now)
        .execution_options(synchronize_session=False)
    )
    _wake_later(session, request.id, expires_at)


def withdraw_offers(session: Session, request_id: UUID) -> None:
    """Take back what is still out for tasks that need nobody more; free those of ended ones.

    Those who were too late, and those who had accepted, are told by the transitions' notices.
    """
    if REQUEST.lock(session, request_id) is None:
        return
    ended = (
        sa.select(Offer, Task.status)
        .join(Task, Task.id == Offer.task_id)
        .where(Offer.request_id == request_id, Task.status != "open")
    )
    for offer, status in session.execute(ended).all():
        if offer.status == "offered":
            attempt(session, OFFER, offer.id, "take_back")
        elif (status == "cancelled" and offer.status in LIVE) or (
            status == "done" and offer.status == "accepted"
        ):
            offers.free_place(session, offer)
            attempt(session, OFFER, offer.id, "cancel")


def redo(session: Session, request_id: UUID) -> None:
    """Put work that was sent back on the list of those who did it (R22)."""
    request = REQUEST.lock(session, request_id)
    if request is None or request.status != "in_progress":
        return
    newest = sa.select(Task).where(Task.request_id == request_id).order_by(Task.id.desc()).limit(1)
    task = session.scalar(newest)
    if task is None or task.status != "done":
        return
    done = sa.select(Offer.id).where(Offer.task_id == task.id, Offer.status == "completed")
    offer_ids = session.scalars(done).all()
    for offer_id in offer_ids:
        attempt(session, OFFER, offer_id, "redo")
    if offer_ids:
        task.status = "filled"
        again = sa.update(Place).where(Place.task_id == task.id, Place.status == "completed")
        session.execute(again.values(status="checked_in", completed_at=None))
