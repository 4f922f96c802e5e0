"""Break-glass: an administrator reads one request, for an hour, on two people's word."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from service.door import Call, Door
from service.schemas.glass import GlassInSchema, GlassListSchema, GlassSchema
from village import glass

door = Door("break_glass", __name__, url_prefix="/break-glass", description="紧急打开")


@door.open("GET", "", permission="glass.list", returns=GlassListSchema)
def list_asked(call: Call) -> dict[str, Any]:
    """What was asked and agreed to."""
    found = glass.list_all(call.session, call.actor)
    body: dict[str, Any] = GlassListSchema().dump({"items": found})
    return body


@door.open("POST", "", permission="glass.ask", body=GlassInSchema, returns=GlassSchema, status=201)
def ask_to_open(call: Call, sent: dict[str, str]) -> dict[str, Any]:
    """Ask to read a request, for a reason; a county officer must agree."""
    return _dump(glass.ask(call.session, call.actor, sent["number"], sent["reason"]))


@door.open("POST", "/<uuid:glass_id>/agree", permission="glass.agree", returns=GlassSchema)
def agree_to_open(call: Call, glass_id: UUID) -> dict[str, Any]:
    """Agree: it is open for an hour, and the villager is told."""
    return _dump(glass.agree(call.session, call.actor, glass_id))


def _dump(asked: Any) -> dict[str, Any]:
    body: dict[str, Any] = GlassSchema().dump(asked)
    return body
