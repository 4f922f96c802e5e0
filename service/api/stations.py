"""The station's queue, and the chair's triage."""

from __future__ import annotations

from typing import Any

from service.api.requests import dump_requests
from service.door import Call, Door
from service.schemas.base import WindowQuery, window_of
from service.schemas.requests import QueueQuery, RequestPageSchema
from village import requests
from village.errors import NotFound

door = Door("stations", __name__, description="站务")


@door.open(
    "GET", "/stations/<string:station>/queue", permission="station.queue", query=QueueQuery,
    returns=RequestPageSchema,
)  # fmt: skip
def read_queue(call: Call, query: dict[str, Any], station: str) -> dict[str, Any]:
    """What lies at a station, the most urgent first."""
    found = call.context.catalog.stations.get(station)
    if found is None:
        raise NotFound
    page = requests.queue(
        call.session, call.actor, found.village_code, found.kind, query["view"], window_of(query)
    )
    return dump_requests(page)


@door.open(
    "GET", "/villages/<string:village>/triage", permission="village.triage", query=WindowQuery,
    returns=RequestPageSchema,
)  # fmt: skip
def read_triage(call: Call, query: dict[str, Any], village: str) -> dict[str, Any]:
    """What the chair must put to a station."""
    if village not in call.context.catalog.villages:
        raise NotFound
    return dump_requests(requests.triage(call.session, call.actor, village, window_of(query)))
