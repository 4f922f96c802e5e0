"""What the formats of sound share."""

from __future__ import annotations

from dataclasses import dataclass

MOST_SECONDS = 60
LONGEST = 60.9  # a recorder stops a little late, and its last frame is filled up
SHORTEST = 0.3


class Broken(Exception):
    """No whole recording: cut off, or not what it says it is."""


class TooLong(Exception):
    """There are more frames than fit into the time."""


@dataclass(frozen=True)
class Sound:
    """A voice as it is kept."""

    data: bytes
    media_type: str
    seconds: int
