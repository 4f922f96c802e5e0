"""What routing makes of a text: the phone's live hint."""

from __future__ import annotations

from typing import Any

from dispatch import preview as hints
from service.door import Call, Door
from service.schemas.preview import PreviewInSchema, PreviewSchema

door = Door("preview", __name__, url_prefix="/routing", description="分派")


@door.open(
    "POST", "/preview", permission="request.preview", body=PreviewInSchema,
    returns=PreviewSchema, stored=False, limit="preview",
)  # fmt: skip
def preview(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """Look at words before they are sent; nothing is written or kept, not even under a key."""
    found = hints.preview(call.session, call.actor, call.context.catalog, sent)
    body: dict[str, Any] = PreviewSchema().dump(found)
    return body
