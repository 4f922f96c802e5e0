"""The safe path: violence at home, a child in danger, a wish to die (2.10, restraint 5.2, 5.3).

As a condition on rows, and for one row; whatever was answered to the question of danger.
"""

from __future__ import annotations

from typing import Any, Protocol

import sqlalchemy as sa

from village.models import Request

SAFE_PATH_KINDS = frozenset({"dv", "child", "suicide"})


class RequestLike(Protocol):
    """What this module needs to know of a request."""

    emergency: dict[str, Any] | None
    waits_for: str | None


def is_safe_path(request: RequestLike) -> bool:
    """Tell whether a request takes the safe path: whatever was answered (5.2, 5.3)."""
    asked = request.emergency or {}
    found = asked.get("safe_path") or asked.get("kind") in SAFE_PATH_KINDS
    return request.waits_for == "safe_path" or bool(found)


def on_safe_path() -> sa.ColumnElement[bool]:
    """Return what `is_safe_path` says, as SQL."""
    asked, kind = Request.emergency["safe_path"].astext, Request.emergency["kind"].astext
    return sa.or_(
        sa.func.coalesce(Request.waits_for, "") == "safe_path",
        sa.func.coalesce(asked, "") == "true",
        sa.func.coalesce(kind, "").in_(SAFE_PATH_KINDS),
    )
