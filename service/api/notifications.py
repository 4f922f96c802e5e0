"""The inbox: the record of what a person was told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from notifications import inbox
from service.door import Call, Door
from service.schemas.base import Empty, dump_page, window_of
from service.schemas.work import (
    NotificationPageSchema,
    NotificationQuery,
    NotificationSchema,
    ReadAllSchema,
)
from village.paging import cut, decode

door = Door("notifications", __name__, url_prefix="/notifications", description="消息")


@door.open(
    "GET", "", permission="notification.list", query=NotificationQuery,
    returns=NotificationPageSchema,
)  # fmt: skip
def list_notifications(call: Call, query: dict[str, Any]) -> dict[str, Any]:
    """The caller's lines, newest first."""
    window = window_of(query)
    before = UUID(decode(window.cursor, 1)[0]) if window.cursor else None
    lines = inbox.list_inbox(
        call.session, call.actor, unread=query["unread"], limit=window.limit + 1, before=before
    )
    page = cut(lines, window, lambda line: [str(line.id)])
    return dump_page(page, NotificationSchema(many=True).dump(page.items))


@door.open(
    "POST", "/<uuid:notification_id>/read", permission="notification.read", body=Empty,
    returns=NotificationSchema,
)  # fmt: skip
def mark_read(call: Call, sent: dict[str, Any], notification_id: UUID) -> dict[str, Any]:
    """Mark a line as read."""
    line = inbox.mark_read(call.session, call.actor, notification_id)
    body: dict[str, Any] = NotificationSchema().dump(line)
    return body


@door.open("POST", "/read_all", permission="notification.list", body=Empty, returns=ReadAllSchema)
def mark_all_read(call: Call, sent: dict[str, Any]) -> dict[str, int]:
    """Mark every line as read."""
    return {"marked": inbox.mark_all_read(call.session, call.actor)}
