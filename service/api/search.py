"""The search for people, as the head meets and steers it: why, whom else, and how far it goes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from dispatch import hand
from dispatch import why as searches
from service.door import Call, Door
from service.schemas.heads import (
    HoldSchema,
    InviteSchema,
    PersonRefSchema,
    SuggestionsSchema,
    WhyTaskSchema,
    WidenSchema,
)
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
    circles.hold(call.session, call.actor, task_id, held=sent["hold"], circle=sent["circle"])
    return _card(call, task_id)


def _card(call: Call, task_id: UUID) -> dict[str, Any]:
    call.session.flush()
    body: dict[str, Any] = TaskSchema().dump(tasks.read(call.session, call.actor, task_id))
    return body


@door.open("GET", "/tasks/<uuid:task_id>/why", permission="task.why", returns=WhyTaskSchema)
def read_why(call: Call, task_id: UUID) -> dict[str, Any]:
    """How looking for people stands: counts by reason, and only the names of who said yes."""
    body: dict[str, Any] = WhyTaskSchema().dump(searches.why(call.session, call.actor, task_id))
    return body


@door.open(
    "GET", "/tasks/<uuid:task_id>/suggestions", permission="task.suggest",
    returns=SuggestionsSchema,
)  # fmt: skip
def list_suggestions(call: Call, task_id: UUID) -> dict[str, Any]:
    """Whom of the village one may ask now by all hard rules: names, no figures."""
    found = hand.suggest(call.session, call.actor, task_id)
    body: dict[str, Any] = SuggestionsSchema().dump(found)
    return body


@door.open(
    "POST", "/tasks/<uuid:task_id>/invite", permission="task.invite", body=InviteSchema,
    returns=PersonRefSchema,
)  # fmt: skip
def invite(call: Call, sent: dict[str, Any], task_id: UUID) -> dict[str, Any]:
    """Ask one volunteer by name: an invitation like every other, which she may decline.

    The answer is the same whether she is asked now or was before, whatever she has said.
    """
    person, name = hand.invite(call.session, call.actor, task_id, sent["person"])
    body: dict[str, Any] = PersonRefSchema().dump({"person": person, "name": name})
    return body
