"""Identifiers: time-ordered UUIDs, so that indexes grow at one end."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a new UUIDv7 (RFC 9562)."""
    return UUID(int=uuid7().int)


def least_id(moment: datetime) -> UUID:
    """Return an id below every UUIDv7 made at or after `moment` (aware): for ranges of ids."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
