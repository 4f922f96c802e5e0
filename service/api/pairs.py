"""Standing pairs for visits that come again and again: proposed by the head, wanted by both."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from service.api.agreements import station_of
from service.door import Call, Door
from service.schemas.base import Empty
from service.schemas.heads import PairInSchema, PairSchema, PairsSchema
from village import pairs

door = Door("pairs", __name__, description="固定帮忙")


@door.open(
    "POST", "/stations/<string:station>/pairs", permission="pair.propose", body=PairInSchema,
    returns=PairsSchema, status=201,
)  # fmt: skip
def propose_pair(call: Call, sent: dict[str, Any], station: str) -> dict[str, Any]:
    """Propose that one or two volunteers come regularly to whom a request was for."""
    found = station_of(call, station)
    request_id, people = sent.pop("request"), sent.pop("volunteers")
    return _dump(
        pairs.propose(
            call.session, call.actor, found.village_code, found.kind, request_id, people, sent
        )
    )


@door.open(
    "GET", "/stations/<string:station>/pairs", permission="pair.list_station",
    returns=PairsSchema,
)  # fmt: skip
def list_pairs(call: Call, station: str) -> dict[str, Any]:
    """A station's pairs that are proposed or stand."""
    found = station_of(call, station)
    return _dump(pairs.list_station(call.session, call.actor, found.village_code, found.kind))


@door.open("GET", "/me/pairs", permission="pair.list_mine", returns=PairsSchema)
def list_my_pairs(call: Call) -> dict[str, Any]:
    """The caller's own pairs, as volunteer or as villager."""
    return _dump(pairs.list_mine(call.session, call.actor))


@door.open(
    "POST", "/pairs/<uuid:pair_id>/agree", permission="pair.agree", body=Empty,
    returns=PairSchema,
)  # fmt: skip
def agree_to_pair(call: Call, sent: dict[str, Any], pair_id: UUID) -> dict[str, Any]:
    """Consent for oneself; it stands when both have."""
    body: dict[str, Any] = PairSchema().dump(pairs.agree(call.session, call.actor, pair_id))
    return body


@door.open(
    "POST", "/pairs/<uuid:pair_id>/end", permission="pair.end", body=Empty, returns=PairSchema
)
def end_pair(call: Call, sent: dict[str, Any], pair_id: UUID) -> dict[str, Any]:
    """End it, or say no to it: any of them, at any time, without a reason."""
    body: dict[str, Any] = PairSchema().dump(pairs.end(call.session, call.actor, pair_id))
    return body


def _dump(found: list[pairs.PairView]) -> dict[str, Any]:
    body: dict[str, Any] = PairsSchema().dump({"items": found})
    return body
