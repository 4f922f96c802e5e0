"""Entering for somebody what came by phone, at the door or on paper."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from dispatch import intake
from service import slips
from service.api.requests import dump_request
from service.door import Call, Door
from service.schemas.assisted import AssistedInSchema, SlipSchema
from service.schemas.base import Empty
from service.schemas.calls import ClaimedSchema, ClaimSchema
from service.schemas.requests import RequestSchema
from village import assisted, claiming, claiming_phone, clock, requests

door = Door("assisted", __name__, url_prefix="/requests", description="替人登记")


@door.open(
    "POST", "/assisted", permission="request.assist", body=AssistedInSchema,
    returns=RequestSchema, status=201, limit="assist",
)  # fmt: skip
def submit_for(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """Write what somebody said by phone, at the door or on paper: it is hers, not the writer's."""
    request = intake.submit_for(call.session, call.actor, call.context.catalog, sent)
    return dump_request(requests.view(call.session, call.actor, request))


@door.open(
    "POST", "/claim", permission="request.claim", body=ClaimSchema, returns=RequestSchema,
    stored=False, limit="claim",
)  # fmt: skip
def claim(call: Call, sent: dict[str, str]) -> dict[str, Any]:
    """Make one's own what somebody entered, by the code on the slip."""
    request = claiming.claim(call.session, call.actor, call.context.keys, sent["slip_code"])
    return dump_request(requests.view(call.session, call.actor, request))


@door.open(
    "POST", "/claim_by_phone", permission="request.claim", body=Empty,
    returns=ClaimedSchema, stored=False, limit="claim",
)  # fmt: skip
def claim_by_phone(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """Make one's own what was entered for the number that WeChat says is the caller's."""
    claimed = claiming_phone.claim(call.session, call.actor)
    views = [requests.view(call.session, call.actor, each) for each in claimed]
    return {"items": [dump_request(seen) for seen in views]}


@door.open(
    "POST", "/<uuid:request_id>/slip", permission="request.slip", body=Empty, returns=SlipSchema,
    stored=False,
)  # fmt: skip
def issue_slip(call: Call, sent: dict[str, Any], request_id: UUID) -> dict[str, Any]:
    """A slip with a new code for one use; the slip before it is worthless."""
    slip = assisted.issue_slip(call.session, call.actor, call.context.keys, request_id)
    body: dict[str, Any] = SlipSchema().dump({**vars(slip), "page": slips.page(slip, clock.now())})
    return body
