"""The record of who was told what: one line per event and person, however often it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from notifications.scene import Scene
from notifications.templates import Message, compose
from village import clock, lines, outbox
from village.db import insert_sql, json_rows
from village.ids import new_id
from village.models import Delivery, Notification
from village.relations import STAND_IN
from village.workflow import recusal
from village.workflow.engine import Tell

DELIVER = "slow.deliver"

Heard = Mapping[UUID, Tell]


_WRITE = sa.text(
    insert_sql(
        Notification, "id", "person_id", "event_id", "request_id", "offer_id", "template", "title",
        "text", "fields", "created_at",
    )
    + lines.TO_THE_LIVING
    + " on conflict (event_id, person_id) do nothing returning id"
)  # fmt: skip
_DELIVERIES = ("id", "notification_id", "channel", "status", "attempts", "created_at")
_SEND = sa.text(f"with sent as ({insert_sql(Delivery, *_DELIVERIES)}) {outbox.INSERT}")


def write(session: Session, told: Iterable[tuple[Scene, Heard]]) -> None:
    """Write the inbox lines of events, and the deliveries of those that are pushed.

    A person who has her line already gets nothing more.
    """
    rows, traces = [], {}
    for scene, heard in told:
        messages = {tell: _message(session, scene, tell) for tell in set(heard.values())}
        for person_id, tell in sorted(heard.items()):
            rows.append(_line(scene, person_id, messages[tell]))
            if _is_pushed(tell):
                traces[rows[-1]["id"]] = scene.event.trace
    if rows:
        written = set(session.scalars(_WRITE, {"notifications": json_rows(rows)}))
        _push(session, {new: trace for new, trace in traces.items() if new in written})


def _message(session: Session, scene: Scene, tell: Tell) -> Message:
    if tell.audience != STAND_IN:
        return compose(scene, tell)
    return compose(scene, tell, recusal.why_no_chair(session, scene.request))


def _line(scene: Scene, person_id: UUID, message: Message) -> dict[str, Any]:
    return {
        "id": new_id(),
        "person_id": person_id,
        "event_id": scene.event.id,
        "request_id": scene.request.id,
        "offer_id": scene.offer.id if scene.offer else None,
        "template": message.template,
        "title": message.title,
        "text": message.text,
        "fields": message.fields,
        "created_at": clock.now(),
    }


def _is_pushed(tell: Tell) -> bool:
    return tell.push and tell.template is not None


def _push(session: Session, traces: Mapping[UUID, str | None]) -> None:
    """Send these lines; each with the trace of the call that led to it."""
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "notification_id": notification_id,
            "channel": "wechat",
            "status": "pending",
            "attempts": 0,
            "created_at": clock.now(),
        }
        for notification_id in traces
    ]
    jobs = [outbox.row(DELIVER, row["id"], trace=traces[row["notification_id"]]) for row in rows]
    if rows:
        session.execute(_SEND, {"deliveries": json_rows(rows), "outbox": json_rows(jobs)})
