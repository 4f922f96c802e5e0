"""Complaints about an officer: they go past her, and she never sees them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from service.door import Call, Door
from service.schemas.complaints import (
    ComplaintInSchema,
    ComplaintListSchema,
    ComplaintQuery,
    ComplaintSchema,
    ComplaintTextSchema,
)
from village import complaints
from village.complaints import ComplaintView

door = Door("complaints", __name__, url_prefix="/complaints", description="对工作人员的意见")
LISTS = {"mine": complaints.list_mine, "handled": complaints.list_handled}


@door.open(
    "POST", "", permission="complaint.file", body=ComplaintInSchema, returns=ComplaintSchema,
    status=201, limit="submit",
)  # fmt: skip
def file_complaint(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """Say what an officer has done; the rung above her gets it."""
    return _dump(complaints.file(call.session, call.actor, sent))


@door.open(
    "GET", "", permission="complaint.list", query=ComplaintQuery, returns=ComplaintListSchema
)
def list_complaints(call: Call, query: dict[str, Any]) -> dict[str, Any]:
    """One's own complaints, or those that lie with one's office."""
    found = LISTS[query["scope"]](call.session, call.actor)
    body: dict[str, Any] = ComplaintListSchema().dump({"items": found})
    return body


@door.open("GET", "/<uuid:complaint_id>", permission="complaint.read", returns=ComplaintSchema)
def read_complaint(call: Call, complaint_id: UUID) -> dict[str, Any]:
    """One complaint, and what has happened to it."""
    return _dump(complaints.read(call.session, call.actor, complaint_id))


@door.open(
    "POST", "/<uuid:complaint_id>/receive", permission="complaint.handle", returns=ComplaintSchema
)
def receive_complaint(call: Call, complaint_id: UUID) -> dict[str, Any]:
    """Sign for it within a day, else it goes one rung up."""
    return _dump(complaints.receive(call.session, call.actor, complaint_id))


@door.open(
    "POST", "/<uuid:complaint_id>/answer", permission="complaint.handle",
    body=ComplaintTextSchema, returns=ComplaintSchema,
)  # fmt: skip
def answer_complaint(call: Call, sent: dict[str, str], complaint_id: UUID) -> dict[str, Any]:
    """Tell her what came of it."""
    return _dump(complaints.answer(call.session, call.actor, complaint_id, sent["text"]))


@door.open(
    "POST", "/<uuid:complaint_id>/close", permission="complaint.decide", returns=ComplaintSchema
)
def close_complaint(call: Call, complaint_id: UUID) -> dict[str, Any]:
    """Be content with the answer."""
    return _dump(complaints.close(call.session, call.actor, complaint_id))


@door.open(
    "POST", "/<uuid:complaint_id>/raise", permission="complaint.decide",
    body=ComplaintTextSchema, returns=ComplaintSchema,
)  # fmt: skip
def raise_complaint(call: Call, sent: dict[str, str], complaint_id: UUID) -> dict[str, Any]:
    """Put the answer to the next rung, once."""
    return _dump(complaints.raise_again(call.session, call.actor, complaint_id, sent["text"]))


def _dump(seen: ComplaintView) -> dict[str, Any]:
    body: dict[str, Any] = ComplaintSchema().dump(seen)
    return body
