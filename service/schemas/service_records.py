"""Service records, in and out."""

from __future__ import annotations

from marshmallow import fields, validate

from service.schemas.base import Moment, Schema, Shape, Text, Whole, WindowQuery, page_of
from village.stations import KINDS, RECORD_STATES, RECORD_STEPS

ACTIONS = ("confirm", "dispute", "correct")


class RecordQuery(WindowQuery):
    """What waits at one's stations, or is posted of those one has worked with."""

    scope = fields.String(load_default="handled", validate=validate.OneOf(("handled", "shared")))


class RecordDisputeSchema(Schema):
    """What is wrong with the minutes."""

    text = Text(500, required=True)


class RecordCorrectSchema(Schema):
    """The minutes as they are now known, and why."""

    minutes = Whole(0, 1440, required=True)
    text = Text(500, required=True)


class RecordStepSchema(Shape):
    """What happened to a record; of who did it no name."""

    at = Moment(required=True)
    step = fields.String(required=True, validate=validate.OneOf(RECORD_STEPS))
    minutes = fields.Integer(required=True)
    said = fields.String(attribute="text", required=True, allow_none=True)


class RecordItemSchema(Shape):
    """The minutes of one volunteer at one task."""

    id = fields.UUID(attribute="record.id", required=True)
    task = fields.UUID(attribute="record.task_id", required=True)
    volunteer = fields.String(attribute="name", required=True, allow_none=True)
    village = fields.String(attribute="record.village_code", required=True)
    station = fields.String(
        attribute="record.station", required=True, validate=validate.OneOf(KINDS)
    )
    minutes = fields.Integer(attribute="record.minutes", required=True)
    status = fields.String(
        attribute="record.status", required=True, validate=validate.OneOf(RECORD_STATES)
    )
    served_at = Moment(attribute="record.served_at", required=True)
    due_at = Moment(attribute="record.due_at", required=True, allow_none=True)
    allowed_actions = fields.List(fields.String(validate=validate.OneOf(ACTIONS)), required=True)


class RecordSchema(RecordItemSchema):
    """A record with what happened to it, which who was only there with her does not see."""

    steps = fields.List(fields.Nested(RecordStepSchema), required=True)


RecordPageSchema = page_of(RecordItemSchema, "RecordPageSchema")
