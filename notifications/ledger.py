"""The record of who was told what: one line per event and person, however often it is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from notifications.scene import Scene
from notifications.templates import Message, compose
from village import clock, outbox
from village.db import table
from village.ids import new_id
from village.models import Delivery, Notification
from village.workflow.engine import Tell

DELIVER = "slow.deliver"


def write(session: Session, scene: Scene, heard: Mapping[UUID, Tell]) -> int:
    """Write the inbox lines of an event, and the deliveries of those that are pushed.

    Returns how many lines are new; a person who has her line already gets nothing more.
    """
    messages = {tell: compose(scene, tell) for tell in set(heard.values())}
    rows = [_line(scene, person_id, messages[heard[person_id]]) for person_id in sorted(heard)]
    if not rows:
        return 0
    lines = table(Notification)
    written = session.execute(
        insert(lines)
        .values(rows)
        .on_conflict_do_nothing(index_elements=["event_id", "person_id"])
        .returning(lines.c.id, lines.c.person_id)
    ).all()
    pushed = [new for new, person_id in written if _is_pushed(heard[person_id])]
    _push(session, pushed, scene.event.trace)
    return len(written)


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


def _push(session: Session, notification_ids: list[UUID], trace: str | None) -> None:
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "notification_id": notification_id,
            "channel": "wechat",
            "status": "pending",
            "attempts": 0,
            "created_at": clock.now(),
        }
        for notification_id in notification_ids
    ]
    if rows:
        session.execute(sa.insert(table(Delivery)), rows)
        outbox.put_rows(session, [outbox.row(DELIVER, row["id"], trace=trace) for row in rows])
