"""The station's queue and people, the chair's triage, when a village's stations serve and ask."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from dispatch import settings
from dispatch.policies.registry import choices, versions
from dispatch.why import policy_text
from service.api.agreements import station_of
from service.api.requests import dump_requests
from service.door import Call, Door
from service.schemas.base import WindowQuery, window_of
from service.schemas.duty import ServiceHoursInSchema, ServiceHoursSchema
from service.schemas.heads import MemberSchema, MembersSchema, RestInSchema
from service.schemas.requests import QueueQuery, RequestPageSchema
from service.schemas.settings import DispatchSettingsInSchema, DispatchSettingsSchema
from village import hours, request_lists, rests
from village.errors import NotFound

door = Door("stations", __name__, description="站务")


@door.open(
    "GET", "/stations/<string:station>/queue", permission="station.queue", query=QueueQuery,
    returns=RequestPageSchema,
)  # fmt: skip
def read_queue(call: Call, query: dict[str, Any], station: str) -> dict[str, Any]:
    """What lies at a station, the most urgent first."""
    found = station_of(call, station)
    page = request_lists.queue(
        call.session, call.actor, found.village_code, found.kind, query["view"], window_of(query)
    )
    return dump_requests(page)


@door.open(
    "GET", "/stations/<string:station>/volunteers", permission="station.volunteers",
    returns=MembersSchema,
)  # fmt: skip
def list_volunteers(call: Call, station: str) -> dict[str, Any]:
    """A station's active volunteers, by name."""
    found = station_of(call, station)
    members = rests.members(call.session, call.actor, found.village_code, found.kind)
    body: dict[str, Any] = MembersSchema().dump({"items": members})
    return body


@door.open(
    "POST", "/stations/<string:station>/volunteers/<uuid:person_id>/rest",
    permission="station.rest", body=RestInSchema, returns=MemberSchema,
)  # fmt: skip
def give_rest(call: Call, sent: dict[str, Any], station: str, person_id: UUID) -> dict[str, Any]:
    """Leave a tired volunteer in peace for a time; she sees it, and may end it herself."""
    found = station_of(call, station)
    member = rests.give(
        call.session, call.actor, found.village_code, found.kind, person_id, sent["until"]
    )
    body: dict[str, Any] = MemberSchema().dump(member)
    return body


@door.open(
    "GET", "/villages/<string:village>/triage", permission="village.triage", query=WindowQuery,
    returns=RequestPageSchema,
)  # fmt: skip
def read_triage(call: Call, query: dict[str, Any], village: str) -> dict[str, Any]:
    """What the chair must put to a station."""
    _known(call, village)
    return dump_requests(request_lists.triage(call.session, call.actor, village, window_of(query)))


@door.open(
    "GET", "/villages/<string:village>/hours", permission="catalog.read",
    returns=ServiceHoursSchema,
)  # fmt: skip
def read_hours(call: Call, village: str) -> dict[str, Any]:
    """When a village's stations serve."""
    _known(call, village)
    return _dump_hours(hours.read(call.session, village))


@door.open(
    "PUT", "/villages/<string:village>/hours", permission="village.hours",
    body=ServiceHoursInSchema, returns=ServiceHoursSchema,
)  # fmt: skip
def set_hours(call: Call, sent: dict[str, Any], village: str) -> dict[str, Any]:
    """Set them; deadlines that were promised before stay as they are."""
    _known(call, village)
    return _dump_hours(hours.put(call.session, call.actor, village, sent))


@door.open(
    "GET", "/villages/<string:village>/dispatch-settings", permission="dispatch_settings.read",
    returns=DispatchSettingsSchema,
)  # fmt: skip
def read_village_settings(call: Call, village: str) -> dict[str, Any]:
    """How a village asks its volunteers: by which policy, how often, how far, and when."""
    _known(call, village)
    return _dump_settings(settings.read(call.session, call.actor, village, None))


@door.open(
    "PUT", "/villages/<string:village>/dispatch-settings", permission="dispatch_settings.village",
    body=DispatchSettingsInSchema, returns=DispatchSettingsSchema, versioned=True,
)  # fmt: skip
def set_village_settings(call: Call, sent: dict[str, Any], village: str) -> dict[str, Any]:
    """Replace the settings that are sent, for all stations that have none of their own."""
    _known(call, village)
    return _change_settings(call, village, None, sent)


@door.open(
    "GET", "/stations/<string:station>/dispatch-settings", permission="dispatch_settings.read",
    returns=DispatchSettingsSchema,
)  # fmt: skip
def read_station_settings(call: Call, station: str) -> dict[str, Any]:
    """How a station asks: what it has set itself, and what its village has."""
    found = station_of(call, station)
    return _dump_settings(settings.read(call.session, call.actor, found.village_code, found.kind))


@door.open(
    "PUT", "/stations/<string:station>/dispatch-settings", permission="dispatch_settings.station",
    body=DispatchSettingsInSchema, returns=DispatchSettingsSchema, versioned=True,
)  # fmt: skip
def set_station_settings(call: Call, sent: dict[str, Any], station: str) -> dict[str, Any]:
    """Replace the settings that are sent; the head sets `widest` and `hold`, the chair all."""
    found = station_of(call, station)
    return _change_settings(call, found.village_code, found.kind, sent)


def _change_settings(
    call: Call, village: str, kind: str | None, sent: dict[str, Any]
) -> dict[str, Any]:
    return _dump_settings(
        settings.change(call.session, call.actor, village, kind, sent, if_match=call.if_match)
    )


def _dump_settings(found: settings.Settings) -> dict[str, Any]:
    texts = {version: policy_text(version) for version in versions()}
    facts = {**vars(found), "policies": choices(), "policy_texts": texts}
    body: dict[str, Any] = DispatchSettingsSchema().dump(facts)
    return body


def _known(call: Call, village: str) -> None:
    if village not in call.context.catalog.villages:
        raise NotFound


def _dump_hours(found: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = ServiceHoursSchema().dump(found)
    return body
