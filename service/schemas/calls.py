"""Calls to make for who has no account, and claiming by a slip."""

from __future__ import annotations

from marshmallow import fields, validate

from service.schemas.base import Flag, Moment, Schema, Shape, Text, Whole
from service.schemas.requests import SOLVED, RequestSchema
from village.stations import CALL_KINDS


class ClaimSchema(Schema):
    """The code on the slip; spaces do not matter."""

    slip_code = fields.String(required=True, validate=validate.Regexp(r"^[0-9 -]{12,20}$"))


class ClaimedSchema(Shape):
    """What is the caller's own now."""

    items = fields.List(fields.Nested(RequestSchema), required=True)


class CallItemSchema(Shape):
    """A call to make, without whom to call."""

    id = fields.UUID(attribute="call.id", required=True)
    kind = fields.String(attribute="call.kind", required=True, validate=validate.OneOf(CALL_KINDS))
    request = fields.UUID(attribute="request.id", required=True)
    number = fields.String(attribute="request.number", required=True)
    title = fields.String(attribute="call.title", required=True)
    text = fields.String(attribute="call.text", required=True)
    careful = fields.Boolean(
        required=True, metadata={"description": "ask first whether she can talk"}
    )
    tries = fields.Integer(attribute="call.tries", required=True)
    tried_at = Moment(attribute="call.tried_at", required=True, allow_none=True)
    created_at = Moment(attribute="call.created_at", required=True)


class CallListSchema(Shape):
    """The caller's calls, the oldest first."""

    items = fields.List(fields.Nested(CallItemSchema), required=True)


class CallSchema(CallItemSchema):
    """A call with the name of whom to call, as far as she gave it."""

    name = fields.String(required=True)
    phone = fields.String(required=True, allow_none=True)


class CallAnswersSchema(Schema):
    """What she said to the three questions (3.1): solved, how satisfied, anything else."""

    solved = fields.String(required=True, validate=validate.OneOf(SOLVED))
    rating = Whole(1, 5)
    comment = Text(500)


class CallDoneSchema(Schema):
    """Whether somebody answered."""

    reached = Flag(required=True)
