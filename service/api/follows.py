"""我也是: following what a neighbour has written already."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from service.door import Call, Door
from service.schemas.base import Empty, WindowQuery, dump_page, window_of
from service.schemas.follows import FollowedPageSchema, FollowedSchema
from village import follows

door = Door("follows", __name__, description="我也是")


@door.open(
    "POST", "/requests/<uuid:request_id>/follow", permission="request.follow", body=Empty,
    returns=FollowedSchema,
)  # fmt: skip
def follow_request(call: Call, sent: dict[str, Any], request_id: UUID) -> dict[str, Any]:
    """Say 我也是: be counted, and hear of the main steps. Twice is once."""
    followed = follows.follow(call.session, call.actor, request_id)
    body: dict[str, Any] = FollowedSchema().dump(followed)
    return body


@door.open("DELETE", "/requests/<uuid:request_id>/follow", permission="request.follow", status=204)
def unfollow_request(call: Call, request_id: UUID) -> None:
    """Take 我也是 back."""
    follows.unfollow(call.session, call.actor, request_id)


@door.open(
    "GET", "/me/follows", permission="request.list_followed", query=WindowQuery,
    returns=FollowedPageSchema,
)  # fmt: skip
def list_follows(call: Call, query: dict[str, Any]) -> dict[str, Any]:
    """What the caller said 我也是 to, newest first: each with its public face."""
    page = follows.list_mine(call.session, call.actor, window_of(query))
    return dump_page(page, FollowedSchema(many=True).dump(page.items))
