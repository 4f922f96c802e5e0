"""Forgetting what a request said: its words go, that there was one stays, without anybody's name.

What counts stays (number, category, dates, states, whether it was solved), since the village's
figures and the timeline's facts are kept as they were. What takes the safe path is kept under
the duty to report (rules 2.10).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from village import clock, files
from village.db import Base
from village.models import (
    BreakGlass,
    Event,
    Handover,
    Notification,
    Person,
    PhoneCall,
    Place,
    Request,
    RequestParty,
    SimilarText,
    Task,
    WechatIdentity,
)
from village.timeline import word

WORDS = ("question", "text", "result", "comment", "advice", "receiver", "contact")
ROUTED: dict[str, Any] = {"reasons": [], "flags": [], "parts": [], "asks": None, "rule": None}


def forget(session: Session, request_ids: Sequence[UUID]) -> None:
    """Forget the words of requests, wherever they stand; again changes nothing."""
    if not request_ids:
        return
    _forget_events(session, request_ids)
    gone = word("not_kept", "erased")
    _change(session, Request, Request.id.in_(request_ids), {
        "text": gone, "place": None, "answers": {}, "sealed_answers": None, "on_behalf_of": None,
        "question": None, "result": None, "forgotten_at": clock.now(),
        "routing": Request.routing.op("||")(sa.literal(ROUTED, postgresql.JSONB)),
    })  # fmt: skip
    _change(session, Task, Task.request_id.in_(request_ids), {"what": gone, "place": None})
    tasks = sa.select(Task.id).where(Task.request_id.in_(request_ids))
    _change(session, Place, Place.task_id.in_(tasks), {"result": None})
    lines = {"title": gone, "text": gone, "fields": {}}
    _change(session, Notification, Notification.request_id.in_(request_ids), lines)
    of_calls = PhoneCall.request_id.in_(request_ids)
    _change(session, PhoneCall, of_calls, {"title": gone, "text": gone, "comment": None})
    of_handovers = Handover.request_id.in_(request_ids)
    _change(session, Handover, of_handovers, {"receiver": gone, "contact": None})
    _change(session, BreakGlass, BreakGlass.request_id.in_(request_ids), {"reason": gone})
    for model in (SimilarText, RequestParty):
        session.execute(sa.delete(model).where(model.request_id.in_(request_ids)))
    files.forget(session, request_ids)
    _forget_served(session, request_ids)


def _forget_served(session: Session, request_ids: Sequence[UUID]) -> None:
    """Who never had an account is known by what was entered for her, and goes with the last."""
    whose = sa.select(Request.requester_id).where(Request.id.in_(request_ids))
    left = sa.exists().where(Request.requester_id == Person.id, Request.forgotten_at.is_(None))
    account = sa.exists().where(WechatIdentity.person_id == Person.id)
    served = sa.and_(Person.id.in_(whose), Person.code.is_(None), ~account, ~left)
    gone: dict[str, Any] = {
        "name": "",
        "phone_hash": None,
        "phone_sealed": None,
        "missed_names": [],
    }
    _change(session, Person, served, gone)


def _forget_events(session: Session, request_ids: Sequence[UUID]) -> None:
    """A reason that is a code is a fact; one in words goes with the words."""
    session.execute(sa.text("set local wuzhan.forgetting = 'on'"))
    coded = Event.data["reason"].astext.regexp_match("^[a-z_]+$")
    spared = sa.func.coalesce(coded, sa.true())
    left = Event.data.op("-")(sa.cast(list(WORDS), sa.ARRAY(sa.Text)))
    changed = sa.case((spared, left), else_=left.op("-")(sa.literal("reason", sa.Text)))
    _change(session, Event, Event.request_id.in_(request_ids), {"data": changed})
    session.execute(sa.text("set local wuzhan.forgetting = 'off'"))


def _change(
    session: Session, model: type[Base], where: sa.ColumnElement[bool], values: Mapping[str, Any]
) -> None:
    change = sa.update(model).where(where).values(values)
    session.execute(change, execution_options={"synchronize_session": False})
