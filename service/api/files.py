"""Files: a picture or a voice is sent first, by itself, and then named with what is said."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from uuid import UUID

from flask import Response, send_file

from service.auth import FILE_SECONDS
from service.door import Call, Door
from service.schemas.files import FileInSchema, FileQuery, FileSchema
from village import files
from village.errors import NotFound

door = Door("files", __name__, url_prefix="/files", description="照片和录音")


@door.open(
    "POST", "", permission="file.send", upload=FileInSchema, returns=FileSchema, status=201,
    limit="files",
)  # fmt: skip
def send(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """Send one picture (JPEG, PNG, WebP; 10 MB at most) or one voice: it waits a day.

    A voice has 60 seconds at most, as MP3, AAC in MP4, or Opus in WebM (3 MB at most).
    """
    file = files.take_in(call.session, call.actor, sent["file"].read())
    call.session.flush()
    body: dict[str, Any] = FileSchema().dump(file)
    return body


@door.open("GET", "/<uuid:file_id>", permission="file.open", query=FileQuery)
def open_file(call: Call, query: dict[str, str], file_id: UUID) -> Response:
    """See a file by the address that its request's reader was given: for ten minutes and more."""
    if not call.context.tokens.opens(query["key"], file_id):
        raise NotFound
    file, data = files.opened(call.session, file_id)
    response = send_file(BytesIO(data), mimetype=file.media_type, conditional=True)
    response.headers["Cache-Control"] = f"private, max-age={FILE_SECONDS}"
    return response
