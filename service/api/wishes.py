"""What a volunteer wishes to be asked, and what was learnt of her: hers alone."""

from __future__ import annotations

from typing import Any

from service.door import Call, Door
from service.schemas.wishes import WishesInSchema, WishesSchema
from village import wishes

door = Door("wishes", __name__, url_prefix="/me/dispatch", description="我的意愿")


@door.open("GET", "", permission="wishes.read", returns=WishesSchema)
def read_wishes(call: Call) -> dict[str, Any]:
    """Where, what and how often the caller wants to be asked; 404 for who is no volunteer."""
    return _dump(wishes.get(call.session, call.actor))


@door.open(
    "PUT", "", permission="wishes.update", body=WishesInSchema, returns=WishesSchema,
    versioned=True,
)  # fmt: skip
def set_wishes(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """Replace the wishes that are sent; nobody else sees them."""
    return _dump(wishes.put(call.session, call.actor, sent, if_match=call.if_match))


@door.open("DELETE", "/learned", permission="wishes.update", status=204)
def forget(call: Call) -> None:
    """Reset what was learnt from the caller's answers."""
    wishes.forget(call.session, call.actor)


def _dump(found: wishes.Wishes) -> dict[str, Any]:
    body: dict[str, Any] = WishesSchema().dump(found)
    return body
