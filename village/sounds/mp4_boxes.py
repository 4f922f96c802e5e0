"""The boxes that an MP4 is made of (ISO 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from village.sounds.frames import Broken

MOST = 20_000  # a minute has 6,000 frames at most; a piece for each is two boxes


@dataclass(frozen=True)
class Box:
    """A box: what is in it lies from `start` to `end`, its head begins `at`."""

    kind: bytes
    at: int
    start: int
    end: int


def boxes(data: bytes, at: int, end: int) -> Iterator[Box]:
    """Yield the boxes that lie side by side from `at` to `end`. Raises Broken."""
    for _ in range(MOST):
        if at >= end:
            return
        size, kind = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start)
            start += 8
        box = Box(kind, at, start, at + size if size else end)
        if box.end < start or box.end > end:
            raise Broken("half a box")
        yield box
        at = box.end
    raise Broken("a file of nothing but boxes")


def inside(data: bytes, box: Box) -> list[Box]:
    """Return the boxes in a box."""
    return list(boxes(data, box.start, box.end))


def one(found: Iterable[Box], kind: bytes) -> Box:
    """Return the one box of a kind. Raises Broken where there is none, or more."""
    of_kind = [box for box in found if box.kind == kind]
    if len(of_kind) != 1:
        raise Broken(f"{len(of_kind)} of a kind that is there once")
    return of_kind[0]
