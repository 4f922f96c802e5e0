"""One's own data, who has read it, and erasure."""

from __future__ import annotations

from marshmallow import fields, validate

from service.schemas.base import Flag, Moment, Schema, Shape

OPEN_KINDS = ("office", "task", "request")


class SectionSchema(Shape):
    """What is kept of one kind; `rows` have the columns of the database."""

    name = fields.String(required=True)
    title = fields.String(required=True)
    labels = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True,
        metadata={"description": "Chinese names of the columns, in their order"},
    )  # fmt: skip
    rows = fields.List(fields.Dict(), required=True)


class MyDataSchema(Shape):
    """All that is kept of the caller."""

    sections = fields.List(fields.Nested(SectionSchema), required=True)


class ReadSchema(Shape):
    """A read of the caller's sensitive fields by another person."""

    at = Moment(required=True)
    reader = fields.String(required=True, metadata={"description": "masked, with her office"})
    number = fields.String(required=True)
    fields_read = fields.List(fields.String(), required=True)


class ReadPageSchema(Shape):
    """Who has looked, the newest first."""

    items = fields.List(fields.Nested(ReadSchema), required=True)


class MatterSchema(Shape):
    """What is still open."""

    kind = fields.String(required=True, validate=validate.OneOf(OPEN_KINDS))
    text = fields.String(required=True)


class DeletionSchema(Shape):
    """What an erasure would mean, in plain sentences."""

    open = fields.List(fields.Nested(MatterSchema), required=True)
    erased = fields.List(fields.String(), required=True)
    kept = fields.List(fields.String(), required=True)


class DeletionInSchema(Schema):
    """`anyway`: although requests are open; what can be withdrawn then is."""

    anyway = Flag(load_default=False)


class ErasureSchema(Shape):
    """What was done: counts of requests."""

    at = Moment(required=True)
    requests = fields.Integer(required=True)
    still_open = fields.Integer(required=True)
    kept = fields.Integer(required=True)
