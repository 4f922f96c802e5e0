"""Keyset pages: a stable order, an opaque cursor, and never a total count."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson

from village.errors import Invalid

Item = TypeVar("Item")


@dataclass(frozen=True)
class Window:
    """What a caller asked for: how many, and after which place in the order."""

    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True)
class Page(Generic[Item]):
    """A page of a list, and the cursor of the next one; None at the end."""

    items: Sequence[Item]
    next_cursor: str | None


def cut(rows: Sequence[Item], window: Window, key: Callable[[Item], list[str]]) -> Page[Item]:
    """Make a page of rows that were read with `limit + 1`; `key` names a row's place."""
    if len(rows) <= window.limit:
        return Page(rows, None)
    kept = rows[: window.limit]
    return Page(kept, encode(key(kept[-1])))


def encode(place: list[str]) -> str:
    """Return the cursor of a place in the order."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def decode(cursor: str, size: int) -> list[str]:
    """Return the place that a cursor of ours names: `size` texts, the last of them a UUID.

    Raises Invalid for anything else.
    """
    try:
        place: Any = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(place, list) or len(place) != size or not all(map(_is_plain, place)):
            raise ValueError(cursor)
        UUID(place[-1])
    except (ValueError, TypeError, binascii.Error) as error:
        raise _invalid() from error
    return list(place)


def _is_plain(part: object) -> bool:
    return isinstance(part, str) and len(part) < 99 and "\0" not in part


def number_in(part: str) -> int:
    """Return the number that a part of a cursor is. Raises Invalid for anything else."""
    if not (part.isascii() and part.isdigit() and len(part) < 9):
        raise _invalid()
    return int(part)


def _invalid() -> Invalid:
    return Invalid("invalid_cursor", errors={"cursor": ["翻页标记不对，请从头看起"]})
