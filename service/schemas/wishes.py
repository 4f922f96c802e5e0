"""A volunteer's wishes: where, what and how often she wants to be asked; hers alone to see."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from service.schemas.base import Code, Flag, Moment, Schema, Shape

FURTHEST_KM = 50


class Kilometres(fields.Float):
    """A distance in km; neither "7" nor true is one."""

    def _validated(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class WishesInSchema(Schema):
    """A volunteer's wishes; the fields that are sent are replaced."""

    other_stations = Flag(attribute="helps_village")
    next_village = Flag()
    next_village_km = Kilometres(validate=validate.Range(0, FURTHEST_KM))
    disliked = fields.List(
        Code(20), validate=validate.Length(max=100),
        metadata={"description": "codes of categories for which she is not to be asked"},
    )  # fmt: skip
    ask_less = Flag()
    personal = Flag(metadata={"description": "asked by what she answered before"})
    rest_until = Moment(allow_none=True, metadata={"description": "null: the rest is over"})


class DislikedSchema(Shape):
    """A category for which she is not asked."""

    category = fields.String(required=True)
    name = fields.String(required=True)


class RestSchema(Shape):
    """Until when she is left in peace; `by` is the head who said so, null: she herself."""

    until = Moment(required=True)
    by = fields.String(required=True, allow_none=True)


class LearntSchema(Shape):
    """What her own answers have told, in plain words."""

    kind = fields.String(required=True)
    text = fields.String(required=True)


class TieSchema(Shape):
    """A matter whose villager she is too close to; by its invitation she takes that back."""

    offer = fields.UUID(required=True)
    what = fields.String(required=True)
    kind = fields.String(required=True)
    at = Moment(required=True)


class WishesSchema(Shape):
    """A volunteer's wishes as they are, and what was learnt from her answers."""

    other_stations = fields.Boolean(attribute="volunteer.helps_village", required=True)
    next_village = fields.Boolean(attribute="volunteer.next_village", required=True)
    next_village_km = fields.Float(attribute="volunteer.next_village_km", required=True)
    disliked = fields.List(fields.Nested(DislikedSchema), required=True)
    ask_less = fields.Boolean(attribute="asks_less", required=True)
    ask_less_until = Moment(attribute="volunteer.ask_less_until", required=True, allow_none=True)
    personal = fields.Boolean(attribute="volunteer.personal", required=True)
    rest = fields.Nested(RestSchema, required=True, allow_none=True)
    learned = fields.List(fields.Nested(LearntSchema), attribute="learnt", required=True)
    ties = fields.List(fields.Nested(TieSchema), required=True)
    version = fields.Integer(attribute="volunteer.version", required=True)
