"""Complaints about an officer, in and out."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from service.schemas.base import Code, Flag, Moment, Schema, Text
from village.complaints import ComplaintView
from village.stations import COMPLAINT_OFFICES, COMPLAINT_REASONS, KINDS, RUNGS
from village.timeline import word

STATES = ("filed", "received", "answered", "closed")
ACTIONS = ("receive", "answer", "close", "raise")


class ComplaintInSchema(Schema):
    """About which office, why, and what happened; `village` if it is not one's own."""

    village = Code(20)
    office = fields.String(required=True, validate=validate.OneOf(COMPLAINT_OFFICES))
    station = fields.String(allow_none=True, validate=validate.OneOf(KINDS))
    request = fields.UUID(allow_none=True)
    reason = fields.String(required=True, validate=validate.OneOf(COMPLAINT_REASONS))
    text = Text(1000, required=True)
    hide_me = Flag(load_default=False)


class ComplaintTextSchema(Schema):
    """An answer, or why the answer is not enough."""

    text = Text(1000, required=True)


class ComplaintQuery(Schema):
    """One's own, or those that lie with one's office."""

    class Meta:
        """Other words in an address are somebody else's."""

        unknown = ma.EXCLUDE

    scope = fields.String(load_default="mine", validate=validate.OneOf(("mine", "handled")))


class StepSchema(ma.Schema):
    """What happened, in plain words; of the answerer no name."""

    at = Moment(required=True)
    text = fields.Method("_text", metadata={"type": "string"}, required=True)
    said = fields.String(attribute="text", required=True, allow_none=True)

    def _text(self, step: object) -> str:
        rung = word("rung", step.rung)  # type: ignore[attr-defined]
        return word("complaint", step.step).format(rung=rung)  # type: ignore[attr-defined]


class ComplaintItemSchema(ma.Schema):
    """A complaint in a list: its words are read one by one."""

    id = fields.UUID(attribute="complaint.id", required=True)
    village = fields.String(attribute="complaint.village_code", required=True)
    office = fields.String(
        attribute="complaint.office", required=True, validate=validate.OneOf(COMPLAINT_OFFICES)
    )
    station = fields.String(
        attribute="complaint.station", required=True, allow_none=True,
        validate=validate.OneOf(KINDS),
    )  # fmt: skip
    reason = fields.String(
        attribute="complaint.reason", required=True, validate=validate.OneOf(COMPLAINT_REASONS)
    )
    status = fields.String(
        attribute="complaint.status", required=True, validate=validate.OneOf(STATES)
    )
    rung = fields.String(attribute="complaint.rung", required=True, validate=validate.OneOf(RUNGS))
    due_at = fields.Method("_due", metadata={"type": "string", "format": "date-time"},
                           allow_none=True, required=True)  # fmt: skip
    created_at = Moment(attribute="complaint.created_at", required=True)
    allowed_actions = fields.List(fields.String(validate=validate.OneOf(ACTIONS)), required=True)

    def _due(self, seen: ComplaintView) -> str | None:
        complaint = seen.complaint
        return None if complaint.status == "closed" else Moment().serialize("due_at", complaint)


class ComplaintSchema(ComplaintItemSchema):
    """A complaint to her who made it, or who has it now."""

    request = fields.UUID(attribute="complaint.request_id", required=True, allow_none=True)
    text = fields.String(attribute="complaint.text", required=True)
    answer = fields.String(attribute="complaint.answer", required=True, allow_none=True)
    complainant = fields.String(attribute="name", required=True, allow_none=True)
    steps = fields.List(fields.Nested(StepSchema), required=True)


class ComplaintListSchema(ma.Schema):
    """The newest first, a hundred at most."""

    items = fields.List(fields.Nested(ComplaintItemSchema), required=True)
