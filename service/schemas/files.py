"""Files in and out: what a phone sends, and what a request came with."""

from __future__ import annotations

from typing import Any

from flask_smorest.fields import Upload
from marshmallow import fields, validate

from service.context import context
from service.schemas.base import Code, Schema, Shape
from village.files import KINDS, MOST_AT_ONCE, PARTS

KIND = validate.OneOf(KINDS)


def file_ids() -> fields.List[Any]:
    """Files that were sent before, and belong to what is said now."""
    return fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=MOST_AT_ONCE))


class FileInSchema(Schema):
    """`POST /files`: one picture, or one voice."""

    file = Upload(required=True)


class FileQuery(Schema):
    """What opens a file for a while: it stands in the address that a request's reader is given."""

    key = Code(80, required=True)


class FileSchema(Shape):
    """A file that is there to be sent with a request."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=KIND)
    media_type = fields.String(required=True)
    size = fields.Integer(required=True)
    seconds = fields.Integer(required=True, allow_none=True)
    url = fields.Function(
        lambda file: _address(file.id), required=True, metadata={"type": "string"}
    )


class RequestFileSchema(Shape):
    """A file of a request: of what was asked, or of what was done."""

    id = fields.UUID(attribute="file.id", required=True)
    kind = fields.String(attribute="file.kind", required=True, validate=KIND)
    media_type = fields.String(attribute="file.media_type", required=True)
    seconds = fields.Integer(attribute="file.seconds", required=True, allow_none=True)
    part = fields.String(required=True, validate=validate.OneOf(PARTS))
    url = fields.Function(
        lambda shown: _address(shown.file.id), required=True, metadata={"type": "string"}
    )


def _address(file_id: Any) -> str:
    return f"/api/v1/files/{file_id}?key={context().tokens.file_key(file_id)}"
