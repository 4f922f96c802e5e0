"""The duty-to-report record, in and out."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from service.schemas.base import Code, Line, Moment, Schema, Text
from village.stations import AUTHORITIES, REPORT_KINDS, REPORT_STATES

ACTIONS = ("report", "dismiss", "receipt", "confirm_dismissal")


class ReportInSchema(Schema):
    """What was seen, about which request if it is about one; `village` if not one's own.

    `about`: names of whom it is about; who is one of them, or close to one, does not find it.
    """

    kind = fields.String(required=True, validate=validate.OneOf(REPORT_KINDS))
    village = Code(20)
    request = fields.UUID(allow_none=True)
    text = Text(1000, required=True)
    about = fields.List(Line(40, required=True), load_default=list, validate=validate.Length(max=5))


class ReportedSchema(Schema):
    """Which authority was told, and which office or person took it."""

    authority = fields.String(required=True, validate=validate.OneOf(AUTHORITIES))
    receiver = Line(60, required=True)


class ReceiptSchema(Schema):
    """The authority's number, or what it said."""

    text = Text(300, required=True)


class DismissSchema(Schema):
    """Why nothing need be reported."""

    reason = Text(300, required=True)


class RaisedSchema(ma.Schema):
    """That it was raised; who raises an alarm reads no record (4.2)."""

    id = fields.UUID(attribute="report.id", required=True)
    due_at = Moment(attribute="report.due_at", required=True)


class ReportItemSchema(RaisedSchema):
    """A report in a list: without words."""

    kind = fields.String(
        attribute="report.kind", required=True, validate=validate.OneOf(REPORT_KINDS)
    )
    village = fields.String(attribute="report.village_code", required=True)
    request = fields.UUID(attribute="report.request_id", required=True, allow_none=True)
    status = fields.String(
        attribute="report.status", required=True, validate=validate.OneOf(REPORT_STATES)
    )
    raised_at = Moment(attribute="report.raised_at", required=True)
    reported_at = Moment(attribute="report.reported_at", required=True, allow_none=True)
    allowed_actions = fields.List(fields.String(validate=validate.OneOf(ACTIONS)), required=True)


class ReportSchema(ReportItemSchema):
    """A report with its words; none where the request says it."""

    text = fields.String(attribute="words", required=True, allow_none=True)
    authority = fields.String(
        attribute="report.authority", required=True, allow_none=True,
        validate=validate.OneOf(AUTHORITIES),
    )  # fmt: skip
    receiver = fields.String(attribute="report.receiver", required=True, allow_none=True)
    receipt = fields.String(attribute="report.receipt", required=True, allow_none=True)
    dismiss_reason = fields.String(
        attribute="report.dismiss_reason", required=True, allow_none=True
    )


class ReportListSchema(ma.Schema):
    """The newest first, a hundred at most."""

    items = fields.List(fields.Nested(ReportItemSchema), required=True)
