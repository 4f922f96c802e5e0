"""What comes back: offers that are no longer needed, work sent back, people who did not come."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch import learning
from village import clock, offers, outbox
from village.claim import NO_SHOW_AFTER
from village.models import Offer, Place, Task
from village.workflow.engine import attempt
from village.workflow.offer import LIVE, OFFER
from village.workflow.request import REQUEST

SILENT_AFTER = timedelta(hours=1)  # nearly all answers have come


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
        .order_by(Offer.id)
    )
    silent, lately = [], clock.now() - SILENT_AFTER
    for offer, status in session.execute(ended).all():
        if offer.status == "offered":
            attempt(session, OFFER, offer.id, "take_back")
            silent += [offer.id] if offer.created_at <= lately else []
        elif (status == "cancelled" and offer.status in LIVE) or (
            status == "done" and offer.status == "accepted"
        ):
            offers.free_place(session, offer)
            attempt(session, OFFER, offer.id, "cancel")
            outbox.put(session, "dispatch.freed", offer.person_id)
    learning.learn_silence(session, silent)


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
        # Her appointment is over: when she comes again is hers to say.
        session.execute(again.values(status="checked_in", completed_at=None, busy=None))


def no_show(session: Session, request_id: UUID) -> None:
    """Open the places of those who are half an hour late; no penalty, and the next are asked (R18).

    Whoever says a new time or checks in before that keeps hers; later, a yes takes it again as
    long as nobody else has.
    """
    if REQUEST.lock(session, request_id) is None:
        return
    late = (
        sa.select(Offer)
        .join(Place, sa.and_(Place.task_id == Offer.task_id, Place.person_id == Offer.person_id))
        .where(
            Offer.request_id == request_id,
            Offer.status == "accepted",
            Place.status == "taken",
            sa.func.greatest(sa.func.lower(Place.busy), Place.taken_at)
            <= clock.now() - NO_SHOW_AFTER,
        )
        .order_by(Offer.id)
    )
    for offer in session.scalars(late).all():
        offers.free_place(session, offer)
        attempt(session, OFFER, offer.id, "no_show")
        offers.look_again(session, offer)
        outbox.put(session, "dispatch.freed", offer.person_id)
