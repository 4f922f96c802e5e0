"""Papers of volunteers, in and out."""

from __future__ import annotations

from marshmallow import fields, validate

from service.schemas.base import Line, Moment, Schema, Shape
from village.stations import PAPER_KINDS


class PaperInSchema(Schema):
    """What one was shown; `skill` for a certificate, `valid_until` null: without an end."""

    kind = fields.String(required=True, validate=validate.OneOf(PAPER_KINDS))
    skill = Line(20, load_default=None, allow_none=True)
    issuer = Line(60, required=True)
    number = Line(60, load_default=None, allow_none=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(load_default=None, allow_none=True)


class PaperSchema(Shape):
    """A paper, and whether it counts."""

    id = fields.UUID(required=True)
    person = fields.UUID(attribute="person_id", required=True)
    kind = fields.String(required=True, validate=validate.OneOf(PAPER_KINDS))
    skill = fields.String(required=True, allow_none=True)
    issuer = fields.String(required=True)
    number = fields.String(required=True, allow_none=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(required=True, allow_none=True)
    entered_at = Moment(required=True)
    confirmed_at = Moment(required=True, allow_none=True)
    revoked_at = Moment(required=True, allow_none=True)


class PapersSchema(Shape):
    """A volunteer's papers, the newest first."""

    items = fields.List(fields.Nested(PaperSchema), required=True)
