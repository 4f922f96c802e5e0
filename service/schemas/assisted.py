"""Requests that are entered for somebody, and the slip that she is given."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from service.schemas.base import Code, Flag, Line, Moment, PhoneNumber, Schema, Shape
from service.schemas.requests import RequestInSchema
from service.slips import spaced
from village.stations import CONSENTS, SOURCES


class ServedSchema(Schema):
    """The person served: what she wants to say of herself, or whom the system knows already."""

    name = Line(40)
    phone = PhoneNumber()
    person = fields.UUID()
    kin = Flag(load_default=False)

    @ma.validates_schema
    def _one(self, data: dict[str, object], **_: object) -> None:
        if "person" in data and {"name", "phone"} & data.keys():
            raise ma.ValidationError("已登记的人不用再填姓名")


class AssistedInSchema(RequestInSchema):
    """`POST /requests/assisted`: the body of a request, for whom it is, and how that came."""

    class Meta:
        """She speaks for herself: it is nobody else's on behalf of whom."""

        exclude = ("on_behalf_of",)

    source = fields.String(required=True, validate=validate.OneOf(SOURCES))
    consent_how = fields.String(required=True, validate=validate.OneOf(CONSENTS))
    consent_version = Code(20, required=True)
    served = fields.Nested(ServedSchema, data_key="for", required=True)


class SlipSchema(Shape):
    """A slip: the code is told here and never again; `page` is printed as it is."""

    number = fields.String(required=True)
    code = fields.Function(
        lambda slip: spaced(slip["code"]), required=True, metadata={"type": "string"}
    )
    expires_at = Moment(required=True)
    page = fields.String(required=True, metadata={"contentMediaType": "text/html"})
