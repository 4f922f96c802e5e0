"""Requests that may be the same matter, as neighbours and as the station may see them."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from service.schemas.base import Code, Moment, Schema, Text
from service.schemas.requests import PlaceSchema
from village.access import CONTENT
from village.timeline import status_text
from village.workflow.request import REQUEST


class SimilarInSchema(Schema):
    """`POST /requests/similar`: what a villager is about to send."""

    village = Code(20, required=True)
    text = Text(2000, required=True)
    category = Code(20, load_default=None, allow_none=True)
    place = fields.Nested(PlaceSchema, load_default=None, allow_none=True)


class SimilarSchema(ma.Schema):
    """A request that may be the same: never who wrote it; her words for its station alone."""

    id = fields.UUID(attribute="request.id", required=True)
    number = fields.String(attribute="request.number", required=True)
    status = fields.String(
        attribute="request.status", required=True, validate=validate.OneOf(REQUEST.states)
    )
    status_text = fields.Function(
        lambda found: status_text(found.request.status), metadata={"type": "string"}, required=True
    )
    category = fields.String(attribute="request.category", required=True, allow_none=True)
    place = fields.Function(
        lambda found: (found.request.place or {}).get("name"),
        metadata={"type": ["string", "null"]}, required=True,
    )  # fmt: skip
    created_at = Moment(attribute="request.created_at", required=True)
    score = fields.Float(required=True)
    by = fields.List(
        fields.String(validate=validate.OneOf(("text", "place", "category"))), required=True
    )
    mine = fields.Boolean(required=True)
    text = fields.String(attribute="request.text", metadata={"sens": CONTENT})


class SimilarListSchema(ma.Schema):
    """The likeliest first, five at most."""

    items = fields.List(fields.Nested(SimilarSchema), required=True)
