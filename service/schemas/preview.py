"""The phone's live hint, in and out."""

from __future__ import annotations

from marshmallow import fields, validate

from service.schemas.base import Code, Schema, Shape, Text
from service.schemas.grounds import (
    AdviceSchema,
    AlternativeSchema,
    AsksSchema,
    FlagSchema,
    NumberSchema,
    PartSchema,
)
from service.schemas.requests import WAITS, PlaceSchema
from village.stations import KINDS, PRIORITIES


class PreviewInSchema(Schema):
    """`POST /routing/preview`: what she has written so far; an empty text is no mistake."""

    village = Code(20, required=True)
    text = Text(2000, shortest=0, required=True)
    category = Code(20, load_default=None, allow_none=True)
    place = fields.Nested(PlaceSchema, load_default=None, allow_none=True)


class HintQuestionSchema(Shape):
    """The question that will be put before anything else, with the numbers to call."""

    kind = fields.String(required=True)
    question = fields.String(required=True)
    safe_path = fields.Boolean(required=True)
    numbers = fields.List(fields.Nested(NumberSchema), required=True)


class PreviewSchema(Shape):
    """What would become of it; nothing was written."""

    decision = fields.String(
        required=True, validate=validate.OneOf(("routed", "triage", "emergency", "not_ours"))
    )
    station = fields.String(required=True, allow_none=True, validate=validate.OneOf(KINDS))
    category = fields.String(required=True, allow_none=True)
    waits_for = fields.String(required=True, allow_none=True, validate=validate.OneOf(WAITS))
    priority = fields.String(required=True, validate=validate.OneOf(PRIORITIES))
    suggestions = fields.List(fields.Nested(AlternativeSchema), required=True)
    emergency = fields.Nested(HintQuestionSchema, required=True, allow_none=True)
    advice = fields.List(fields.Nested(AdviceSchema), required=True, allow_none=True)
    flags = fields.List(fields.Nested(FlagSchema), required=True)
    parts = fields.List(fields.Nested(PartSchema), required=True)
    asks = fields.Nested(AsksSchema, required=True, allow_none=True)
    told = fields.List(fields.String(), required=True)
