"""Break-glass, in and out."""

from __future__ import annotations

from marshmallow import fields

from service.schemas.base import Line, Moment, Schema, Shape, Text


class GlassInSchema(Schema):
    """Which request, by its number, and why."""

    number = Line(30, required=True)
    reason = Text(300, shortest=5, required=True)


class GlassSchema(Shape):
    """What was asked, and until when it is open."""

    id = fields.UUID(attribute="glass.id", required=True)
    request = fields.UUID(attribute="glass.request_id", required=True)
    number = fields.String(required=True)
    reason = fields.String(attribute="glass.reason", required=True)
    asked_at = Moment(attribute="glass.asked_at", required=True)
    expires_at = Moment(attribute="glass.expires_at", required=True, allow_none=True)


class GlassListSchema(Shape):
    """The newest first, a hundred at most."""

    items = fields.List(fields.Nested(GlassSchema), required=True)
