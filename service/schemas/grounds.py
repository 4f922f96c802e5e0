"""How a station was found, as clients and staff read it."""

from __future__ import annotations

from marshmallow import fields, validate

from service.schemas.base import Shape
from village.stations import KINDS, PRIORITIES


class NumberSchema(Shape):
    """A number to call."""

    label = fields.String(required=True)
    number = fields.String(required=True)


class ReasonSchema(Shape):
    """A term that spoke for the routing."""

    kind = fields.String(required=True)
    text = fields.String(required=True)
    weight = fields.Float(required=True)


class AlternativeSchema(Shape):
    """Another station that it could be."""

    station = fields.String(required=True)
    confidence = fields.Float(required=True)


class DecidingRuleSchema(Shape):
    """The village's own rule that decided, as it was then."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)


class RoutingSchema(Shape):
    """How the station was found."""

    decision = fields.String(
        required=True,
        validate=validate.OneOf(("routed", "triage", "emergency", "not_ours")),
    )
    by = fields.String(
        required=True, validate=validate.OneOf(("category", "rule", "words", "model", "person"))
    )
    confidence = fields.Float(required=True)
    reasons = fields.List(fields.Nested(ReasonSchema), required=True)
    version = fields.String(required=True)
    alternatives = fields.List(fields.Nested(AlternativeSchema), required=True)
    rule = fields.Nested(DecidingRuleSchema, allow_none=True)


class AsksSchema(Shape):
    """She chose a category, and her words speak of another station: which is it?

    Her answers are the actions `recategorise` and `keep_category`; without one it goes on as
    she chose. `station` is None for what is no village matter.
    """

    question = fields.String(required=True)
    chosen = fields.String(required=True)
    station = fields.String(required=True, allow_none=True, validate=validate.OneOf(KINDS))
    category = fields.String(required=True, allow_none=True)


class PartSchema(Shape):
    """A piece of the text that is a matter of its own; `none`: no village matter."""

    text = fields.String(required=True)
    station = fields.String(required=True, allow_none=True, validate=validate.OneOf(KINDS))
    category = fields.String(required=True, allow_none=True)
    none = fields.Boolean(required=True)


class FlagSchema(Shape):
    """How careful to be, why, and the words that said so."""

    kind = fields.String(required=True)
    text = fields.String(required=True)
    matched = fields.String(required=True)
    priority = fields.String(required=True, allow_none=True, validate=validate.OneOf(PRIORITIES))


class RankedSchema(Shape):
    """A station that came into question, and how sure that was."""

    station = fields.String(required=True, validate=validate.OneOf(KINDS))
    name = fields.String(required=True)
    confidence = fields.Float(required=True)


class GroundsSchema(Shape):
    """Why it was routed so, in words, for those who decide."""

    decided = fields.String(required=True)
    inputs = fields.List(fields.String(), required=True)
    version = fields.String(required=True)
    confidence = fields.Float(required=True)
    ranked = fields.List(fields.Nested(RankedSchema), required=True)
    reasons = fields.List(fields.Nested(ReasonSchema), required=True)
    flags = fields.List(fields.Nested(FlagSchema), required=True)
    lines = fields.List(fields.String(), required=True)
    proposed = fields.String(required=True, allow_none=True, validate=validate.OneOf(KINDS))


class AdviceSchema(Shape):
    """Who is responsible for what is no village matter, to call, to copy or to print (R31)."""

    kind = fields.String(required=True)
    body = fields.String(required=True)
    phone = fields.String(required=True)
    numbers = fields.List(fields.Nested(NumberSchema), required=True)
    text = fields.String(required=True)
    printable = fields.String(required=True)
    may_keep = fields.Boolean(required=True)
