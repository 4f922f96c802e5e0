"""What marshmallow says of a wrong field, in a villager's words: set once, for every schema."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from village.catalog.files import read

ROOMS: dict[str, Any] = {"fields": fields, "validate": validate}


def install() -> None:
    """Replace marshmallow's English by the catalog's words."""
    for row in read("field_messages"):
        owner = getattr(ROOMS[row["kind"]], row["name"])
        if row["kind"] == "fields":
            words = {**vars(owner).get("default_error_messages", {}), row["message"]: row["zh"]}
            owner.default_error_messages = words
        else:
            setattr(owner, row["message"], row["zh"])
