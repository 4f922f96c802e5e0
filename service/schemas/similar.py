"""Requests that may be the same matter, as neighbours and as the station may see them."""

from __future__ import annotations

from marshmallow import fields, validate

from service.schemas.base import Code, Schema, Shape, Text
from service.schemas.follows import FaceSchema
from service.schemas.requests import PlaceSchema
from village.access import CONTENT


class SimilarInSchema(Schema):
    """`POST /requests/similar`: what a villager is about to send."""

    village = Code(20, required=True)
    text = Text(2000, required=True)
    category = Code(20, load_default=None, allow_none=True)
    place = fields.Nested(PlaceSchema, load_default=None, allow_none=True)


class SimilarSchema(FaceSchema):
    """A request that may be the same: never who wrote it; her words for its station alone."""

    score = fields.Float(required=True)
    by = fields.List(
        fields.String(validate=validate.OneOf(("text", "place", "category"))), required=True
    )
    mine = fields.Boolean(required=True)
    open = fields.Boolean(attribute="is_open", required=True)
    following = fields.Boolean(required=True)
    text = fields.String(attribute="request.text", metadata={"sens": CONTENT})


class SimilarListSchema(Shape):
    """The likeliest first, five at most."""

    items = fields.List(fields.Nested(SimilarSchema), required=True)
