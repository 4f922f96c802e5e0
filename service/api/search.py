"""The search for people, as the head steers it: how far it goes, and whether it waits."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from service.door import Call, Door
from service.schemas.heads import HoldSchema, WidenSchema
from service.schemas.work import TaskSchema
from village import circles, tasks

door = Door("search", __name__, description="找人")


@door.open(
    "POST", "/tasks/<uuid:task_id>/widen", permission="task.circle", body=WidenSchema,
    returns=TaskSchema,
)  # fmt: skip
def widen(call: Call, sent: dict[str, Any], task_id: UUID) -> dict[str, Any]:
    """Nobody yet: ask the village's other stations, or the next villages, from now on."""
    circles.widen(call.session, call.actor, task_id, sent["circle"])
    return _card(call, task_id)


@door.open(
    "POST", "/tasks/<uuid:task_id>/hold", permission="task.circle", body=HoldSchema,
    returns=TaskSchema,
)  # fmt: skip
def hold(call: Call, sent: dict[str, Any], task_id: UUID) -> dict[str, Any]:
    """Ask no wider circle for now, or let the search take its course again."""
    circles.hold(call.session, call.actor, task_id, held=sent["hold"])
    return _card(call, task_id)


def _card(call: Call, task_id: UUID) -> dict[str, Any]:
    call.session.flush()
    body: dict[str, Any] = TaskSchema().dump(tasks.read(call.session, call.actor, task_id))
    return body
