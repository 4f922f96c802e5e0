"""Call-backs (回访): somebody outside the station asks what came of it, for a record (3.1).

All that was urgent (P1, P2) or could not be done, and one in five of the rest, drawn by the
closing event's own random bits: nobody can know before. Whose request somebody entered is asked
back as it is resolved already (`village/calls.py`). Nobody phones who may be listened to.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from village import access, calls, clock, lines
from village.access import Actor
from village.calls import CallView
from village.catalog import files
from village.db import table
from village.errors import GuardFailed, LostRace
from village.ids import least_id, new_id
from village.models import Event, Person, PhoneCall, Request
from village.relations import OWNER
from village.safe_path import on_safe_path
from village.workflow.engine import LOCK, apply
from village.workflow.request import REQUEST
from village.workflow.request_rules import REOPEN_DAYS

URGENT = ("P1", "P2")
UNRESOLVED = "unresolved_closed"
ENDINGS = ("closed", UNRESOLVED)
ONE_IN = 5
LOOK_BACK = timedelta(days=2)
OPEN_FOR = timedelta(days=30)
BATCH = 200


def draw(session: Session) -> int:
    """Ask for a call about each request that was closed lately and is drawn; once each.

    What nobody managed to ask within thirty days is let go. Returns how many were drawn.
    """
    _let_go(session)
    drawn = session.execute(_closed()).all()
    return sum(_put(session, request, event_id) for request, event_id in drawn)


def _closed() -> sa.Select[Request, UUID]:
    """Requests and their closing events; the last bits of an event's id are random."""
    closing = sa.and_(
        Event.request_id == Request.id, Event.machine == "request",
        Event.to_status == Request.status, Event.to_status != Event.from_status,
    )  # fmt: skip
    tail = sa.func.right(sa.cast(Event.id, sa.Text), 4)
    share = sa.cast(sa.cast(sa.func.concat("x", tail), sa.dialects.postgresql.BIT(16)), sa.Integer)
    asked = sa.exists().where(PhoneCall.request_id == Request.id, PhoneCall.kind != "tell")
    return (
        sa.select(Request, Event.id)
        .join(Event, closing)
        .join(Person, Person.id == Request.requester_id)
        .where(
            Event.id >= least_id(clock.wall() - LOOK_BACK),
            Request.status.in_(ENDINGS),
            sa.or_(
                Request.priority.in_(URGENT), Request.status == UNRESOLVED, share % ONE_IN == 0
            ),
            ~asked, ~on_safe_path(), Person.erased_at.is_(None), Request.forgotten_at.is_(None),
        )
        .order_by(Event.id)
        .limit(BATCH)
    )  # fmt: skip


def _put(session: Session, request: Request, event_id: UUID) -> bool:
    caller = calls.outside(session, request)
    if caller is None:
        return False
    words = next(row for row in files.read("lines") if row["kind"] == "call_back_drawn")
    row = {
        "id": new_id(), "request_id": request.id, "event_id": event_id, "caller_id": caller,
        "kind": "sample", "title": words["title"],
        "text": words["text"].format(no=request.number), "tries": 0, "created_at": clock.now(),
    }  # fmt: skip
    phone_calls = table(PhoneCall)
    written = insert(phone_calls).values(row).on_conflict_do_nothing(index_elements=["event_id"])
    if session.scalar(written.returning(phone_calls.c.id)) is None:
        return False
    lines.tell(session, [caller], "call_back_drawn", no=request.number)
    return True


def _let_go(session: Session) -> None:
    old = sa.update(PhoneCall).where(
        PhoneCall.kind == "sample",
        PhoneCall.done_at.is_(None),
        PhoneCall.created_at <= clock.now() - OPEN_FOR,
    )
    session.execute(old.values(done_at=clock.now(), outcome="let_go"))


def record(session: Session, actor: Actor, call_id: UUID, said: dict[str, Any]) -> CallView:
    """Keep what the person said to the three questions; "not solved" has it done again (R25).

    What she said herself, or her silence, stays as it is on the request. Raises NotFound, and
    LostRace `call_over` for what was asked already.
    """
    seen = calls.read(session, actor, call_id)
    access.require("call.done", frozenset({OWNER}))
    if seen.call.kind != "sample":
        raise GuardFailed("ask_her", "this call has another answer")
    request = session.get_one(Request, seen.request.id, with_for_update=LOCK)
    call = session.get_one(PhoneCall, call_id, with_for_update=True, populate_existing=True)
    if call.done_at is not None:
        raise LostRace("call_over", "it was answered already")
    if said["solved"] == "no" and _may_reopen(request):
        reason = said.get("comment") or "没有解决"
        apply(session, REQUEST, request.id, "still_open", actor=actor, payload={"reason": reason})
    call.done_at, call.outcome = clock.now(), "answered"
    call.solved, call.rating, call.comment = said["solved"], said.get("rating"), said.get("comment")
    session.flush()
    return seen


def _may_reopen(request: Request) -> bool:
    """Only while she herself could (R25); later it is kept as what she said."""
    since = request.resolved_at
    in_time = since is not None and clock.now() <= since + timedelta(days=REOPEN_DAYS)
    return request.status == "closed" and in_time
