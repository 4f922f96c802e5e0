"""Papers on a volunteer's hours, in and out."""

from __future__ import annotations

from marshmallow import fields, validate

from service.schemas.base import Code, Line, Moment, Schema, Shape, WindowQuery, page_of
from village.stations import CERTIFICATE_STATES

ACTIONS = ("check", "issue", "refuse", "revoke")


class CertificateQuery(WindowQuery):
    """One's own, or those of one's committee."""

    scope = fields.String(load_default="mine", validate=validate.OneOf(("mine", "handled")))


class CertificateReasonSchema(Schema):
    """Why, in words that she reads."""

    reason = Line(200, required=True)


class VerifySchema(Schema):
    """What stands on the paper."""

    number = Code(30, required=True)
    code = fields.String(required=True, validate=validate.Regexp(r"^[0-9 ]{12,20}$"))


class HoursPartSchema(Shape):
    """A station's hours: minutes, and on how many occasions."""

    what = fields.String(required=True)
    minutes = fields.Integer(required=True)
    times = fields.Integer(required=True)


class VerifiedSchema(Shape):
    """What the paper says, and whether it is still in force."""

    number = fields.String(attribute="paper.number", required=True)
    status = fields.String(
        attribute="paper.status", required=True, validate=validate.OneOf(CERTIFICATE_STATES)
    )
    unit = fields.String(required=True)
    issued_at = Moment(attribute="paper.issued_at", required=True, allow_none=True)
    name = fields.String(attribute="paper.name", required=True, allow_none=True)
    from_day = fields.Date(attribute="paper.from_day", required=True, allow_none=True)
    to_day = fields.Date(attribute="paper.to_day", required=True, allow_none=True)
    minutes = fields.Integer(required=True)
    parts = fields.List(fields.Nested(HoursPartSchema), attribute="paper.parts", required=True)


class CertificateItemSchema(Shape):
    """A paper in a list."""

    id = fields.UUID(attribute="paper.id", required=True)
    holder = fields.String(required=True)
    unit = fields.String(required=True)
    status = fields.String(
        attribute="paper.status", required=True, validate=validate.OneOf(CERTIFICATE_STATES)
    )
    requested_at = Moment(attribute="paper.requested_at", required=True)
    due_at = Moment(attribute="paper.due_at", required=True, allow_none=True)
    number = fields.String(attribute="paper.number", required=True, allow_none=True)
    minutes = fields.Integer(required=True)
    reason = fields.String(attribute="paper.reason", required=True, allow_none=True)
    allowed_actions = fields.List(fields.String(validate=validate.OneOf(ACTIONS)), required=True)


class CertificateSchema(CertificateItemSchema):
    """A paper; `page` is what is printed (HTML), once it is issued and in force."""

    code = fields.String(attribute="paper.code", required=True, allow_none=True)
    from_day = fields.Date(attribute="paper.from_day", required=True, allow_none=True)
    to_day = fields.Date(attribute="paper.to_day", required=True, allow_none=True)
    parts = fields.List(fields.Nested(HoursPartSchema), attribute="paper.parts", required=True)
    page = fields.String(required=True, allow_none=True)


CertificatePageSchema = page_of(CertificateItemSchema, "CertificatePageSchema")
