"""Service records: a volunteer's minutes, on the word of a second person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from service.door import Call, Door
from service.schemas.base import WindowQuery, dump_page, window_of
from service.schemas.service_records import (
    RecordCorrectSchema,
    RecordDisputeSchema,
    RecordItemSchema,
    RecordPageSchema,
    RecordQuery,
    RecordSchema,
)
from village import service_records
from village.paging import Page
from village.service_records import RecordView

ONE = "/service-records/<uuid:record_id>"
LISTS = {"handled": service_records.list_handled, "shared": service_records.list_shared}

door = Door("service_records", __name__, description="志愿服务时长")


@door.open(
    "GET", "/me/service-records", permission="service_record.list", query=WindowQuery,
    returns=RecordPageSchema,
)  # fmt: skip
def list_my_records(call: Call, query: dict[str, Any]) -> dict[str, Any]:
    """One's own minutes, which nobody is compared by."""
    return _dump_all(service_records.list_mine(call.session, call.actor, window_of(query)))


@door.open(
    "GET", "/service-records", permission="service_record.list", query=RecordQuery,
    returns=RecordPageSchema,
)  # fmt: skip
def list_records(call: Call, query: dict[str, Any]) -> dict[str, Any]:
    """What waits at one's stations, or is posted of those one has worked with."""
    return _dump_all(LISTS[query["scope"]](call.session, call.actor, window_of(query)))


@door.open("GET", ONE, permission="service_record.read", returns=RecordSchema)
def read_record(call: Call, record_id: UUID) -> dict[str, Any]:
    """One record, and what has happened to it."""
    return _dump(service_records.read(call.session, call.actor, record_id))


@door.open("POST", f"{ONE}/confirm", permission="service_record.confirm", returns=RecordSchema)
def confirm_record(call: Call, record_id: UUID) -> dict[str, Any]:
    """Confirm the minutes as the second person."""
    return _dump(service_records.confirm(call.session, call.actor, record_id))


@door.open(
    "POST", f"{ONE}/dispute", permission="service_record.dispute",
    body=RecordDisputeSchema, returns=RecordSchema,
)  # fmt: skip
def dispute_record(call: Call, sent: dict[str, Any], record_id: UUID) -> dict[str, Any]:
    """Say that the minutes are wrong."""
    return _dump(service_records.dispute(call.session, call.actor, record_id, sent["text"]))


@door.open(
    "POST", f"{ONE}/correct", permission="service_record.correct",
    body=RecordCorrectSchema, returns=RecordSchema,
)  # fmt: skip
def correct_record(call: Call, sent: dict[str, Any], record_id: UUID) -> dict[str, Any]:
    """Judge a dispute as a third person."""
    return _dump(service_records.correct(call.session, call.actor, record_id, **sent))


def _dump(seen: RecordView) -> dict[str, Any]:
    body: dict[str, Any] = RecordSchema().dump(seen)
    return body


def _dump_all(page: Page[RecordView]) -> dict[str, Any]:
    return dump_page(page, (RecordItemSchema().dump(seen) for seen in page.items))
