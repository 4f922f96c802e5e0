"""Villages that lend each other volunteers, by agreement of both sides."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from service.door import Call, Door
from service.schemas.base import Empty
from service.schemas.heads import AgreementInSchema, AgreementSchema, AgreementsSchema
from village import agreements
from village.errors import NotFound

door = Door("agreements", __name__, description="邻村互助")


@door.open(
    "GET", "/stations/<string:station>/agreements", permission="agreement.list",
    returns=AgreementsSchema,
)  # fmt: skip
def list_agreements(call: Call, station: str) -> dict[str, Any]:
    """With whom a station lends and borrows volunteers, and what is proposed."""
    found = station_of(call, station)
    views = agreements.list_for(call.session, call.actor, found.village_code, found.kind)
    body: dict[str, Any] = AgreementsSchema().dump({"items": views})
    return body


@door.open(
    "POST", "/stations/<string:station>/agreements", permission="agreement.propose",
    body=AgreementInSchema, returns=AgreementSchema,
)  # fmt: skip
def propose_agreement(call: Call, sent: dict[str, Any], station: str) -> dict[str, Any]:
    """Propose to the same station of another village to lend each other volunteers."""
    found = station_of(call, station)
    return _dump(
        agreements.propose(
            call.session, call.actor, found.village_code, found.kind, sent["other"], km=sent["km"]
        )
    )


@door.open(
    "POST", "/villages/<string:village>/agreements", permission="agreement.propose_village",
    body=AgreementInSchema, returns=AgreementSchema,
)  # fmt: skip
def propose_for_all(call: Call, sent: dict[str, Any], village: str) -> dict[str, Any]:
    """Propose it for all stations, from chair to chair."""
    if village not in call.context.catalog.villages:
        raise NotFound
    return _dump(
        agreements.propose(call.session, call.actor, village, None, sent["other"], km=sent["km"])
    )


@door.open(
    "POST", "/agreements/<uuid:agreement_id>/agree", permission="agreement.act", body=Empty,
    returns=AgreementSchema,
)  # fmt: skip
def agree(call: Call, sent: dict[str, Any], agreement_id: UUID) -> dict[str, Any]:
    """Say yes for one's own village."""
    return _dump(agreements.agree(call.session, call.actor, agreement_id))


@door.open(
    "POST", "/agreements/<uuid:agreement_id>/end", permission="agreement.act", body=Empty,
    returns=AgreementSchema,
)  # fmt: skip
def end(call: Call, sent: dict[str, Any], agreement_id: UUID) -> dict[str, Any]:
    """End it, or say no to it; either side may, at any time."""
    return _dump(agreements.end(call.session, call.actor, agreement_id))


def station_of(call: Call, station: str) -> Any:
    """Return a station of the catalog. Raises NotFound."""
    found = call.context.catalog.stations.get(station)
    if found is None:
        raise NotFound
    return found


def _dump(view: agreements.AgreementView) -> dict[str, Any]:
    body: dict[str, Any] = AgreementSchema().dump(view)
    return body
