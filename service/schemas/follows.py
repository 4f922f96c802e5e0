"""What a neighbour sees of a request: its public face, never whose it is, never her words."""

from __future__ import annotations

from marshmallow import fields, validate

from service.schemas.base import Moment, Shape, page_of
from village.stations import KINDS
from village.timeline import status_text
from village.workflow.request import REQUEST


class FaceSchema(Shape):
    """The public face of a request."""

    id = fields.UUID(attribute="request.id", required=True)
    number = fields.String(attribute="request.number", required=True)
    status = fields.String(
        attribute="request.status", required=True, validate=validate.OneOf(REQUEST.states)
    )
    status_text = fields.Function(
        lambda found: status_text(found.request.status), metadata={"type": "string"}, required=True
    )
    station = fields.String(
        attribute="request.station", required=True, allow_none=True,
        validate=validate.OneOf(KINDS),
    )  # fmt: skip
    category = fields.String(attribute="request.category", required=True, allow_none=True)
    place = fields.Function(
        lambda found: (found.request.place or {}).get("name"),
        metadata={"type": ["string", "null"]}, required=True,
    )  # fmt: skip
    followers = fields.Integer(attribute="request.followers", required=True)
    created_at = Moment(attribute="request.created_at", required=True)


class FollowedSchema(FaceSchema):
    """A request that the caller follows, and since when."""

    since = Moment(required=True)


FollowedPageSchema = page_of(FollowedSchema, "FollowedPage")
