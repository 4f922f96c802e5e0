"""One's own data: to read, to take along, and to have erased; and who has looked at it."""

from __future__ import annotations

from typing import Any

from flask import Response

from service.door import Call, Door
from service.schemas.mydata import (
    DeletionInSchema,
    DeletionSchema,
    ErasureSchema,
    MyDataSchema,
    ReadPageSchema,
)
from village import access_log, clock, erasure, my_data

door = Door("mydata", __name__, url_prefix="/me", description="我的信息")


@door.open("GET", "/data", permission="me.read", returns=MyDataSchema, limit="claim")
def read_data(call: Call) -> dict[str, Any]:
    """All that is kept of the caller, in sections with their titles."""
    found = my_data.collect(call.session, call.actor)
    body: dict[str, Any] = MyDataSchema().dump({"sections": my_data.sections(found)})
    return body


@door.open("GET", "/data/file", permission="me.read", limit="claim")
def download_data(call: Call) -> Response:
    """The same as a ZIP: data.json for programs, index.html for people; with a token, no link."""
    found = my_data.collect(call.session, call.actor)
    name = f"wuzhan-{clock.now():%Y%m%d}.zip"
    return Response(
        my_data.packed(call.session, call.actor, found),
        mimetype="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )


@door.open("GET", "/reads", permission="me.read", returns=ReadPageSchema)
def list_reads(call: Call) -> dict[str, Any]:
    """Who has read the caller's sensitive answers or phone, the newest first: a hundred at most."""
    body: dict[str, Any] = ReadPageSchema().dump(
        {"items": access_log.list_mine(call.session, call.actor)}
    )
    return body


@door.open("GET", "/deletion", permission="me.read", returns=DeletionSchema)
def preview_deletion(call: Call) -> dict[str, Any]:
    """What is still open, what would go, and what the law lets stay without a name."""
    found = erasure.open_matters(call.session, call.actor)
    body: dict[str, Any] = DeletionSchema().dump({"open": found, **erasure.explained()})
    return body


@door.open(
    "POST", "/deletion", permission="me.update", body=DeletionInSchema, returns=ErasureSchema,
    stored=False, limit="claim",
)  # fmt: skip
def erase_me(call: Call, sent: dict[str, bool]) -> dict[str, Any]:
    """Erase oneself, at once and for good; the logins end with it."""
    done = erasure.erase(call.session, call.actor, anyway=sent["anyway"])
    body: dict[str, Any] = ErasureSchema().dump(done)
    return body
