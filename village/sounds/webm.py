"""Opus in WebM as browsers record it: blocks as they are spoken, often without any length.

Kept are its packets, in a small WebM of our own with a true length (RFC 6716, RFC 9559).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from village.sounds import webm_out
from village.sounds.frames import LONGEST, Broken, TooLong

MEDIA_TYPE = "audio/webm"
EBML, DOC_TYPE = 0x1A45DFA3, 0x4282
SEGMENT, CLUSTER, TRACKS, TRACK, GROUP = 0x18538067, 0x1F43B675, 0x1654AE6B, 0xAE, 0xA0
NUMBER, CODEC, PRIVATE, PACKED = 0xD7, 0x86, 0x63A2, 0x6D80
SIMPLE, BLOCK = 0xA3, 0xA1
HOLDS = (EBML, SEGMENT, CLUSTER, TRACKS, TRACK, GROUP)
MOST_ELEMENTS = 100_000  # the shortest packets, a group for each, take 75,000 in a minute
LACED = 0x06
PER_SECOND = 400  # a packet's length is counted in 2.5 ms
LENGTHS = (4, 8, 16, 24) * 3 + (4, 8) * 2 + (1, 2, 4, 8) * 4
MOST_OF_A_PACKET = 48


@dataclass
class Track:
    """The one track, as far as it is read."""

    number: int = 0
    head: bytes = b""
    packets: list[bytes] = field(default_factory=list)
    length: int = 0


def begins(data: bytes) -> bool:
    """Tell whether a file begins as a WebM does."""
    return data[:4] == EBML.to_bytes(4, "big")


def made_anew(data: bytes) -> tuple[bytes, float]:
    """Return a WebM of the packets of its one track, and their length in seconds.

    Raises Broken or TooLong.
    """
    track = Track()
    said: dict[int, bytes] = {}
    for element, body in _elements(data):
        if element in (SIMPLE, BLOCK):
            _take(track, body)
        elif element == PACKED or (element in said and element in (TRACK, CODEC, DOC_TYPE)):
            raise Broken("more than one voice, or a packed one")
        elif element in (TRACK, CODEC, DOC_TYPE):
            said[element] = body
        elif element == NUMBER:
            track.number = int.from_bytes(body, "big")
        elif element == PRIVATE:
            track.head = body
    if said.get(DOC_TYPE) != b"webm" or said.get(CODEC) != b"A_OPUS" or not track.packets:
        raise Broken("no voice of a browser")
    channels, skipped = _head(track.head)
    lengths = [length_of(packet) for packet in track.packets]
    made = webm_out.written(track.packets, lengths, channels, skipped)
    return made, track.length / PER_SECOND


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the elements in their order; of those that hold others nothing is yielded but the id.

    Where one of these ends does not matter, and browsers do not say it; all others say it truly.
    """
    at, count = 0, 0
    while at < len(data):
        count += 1
        if count > MOST_ELEMENTS:
            raise TooLong
        element, at, _ = _number(data, at, keep_mark=True)
        size, at, unknown = _number(data, at)
        holds = element in HOLDS
        if (unknown and not holds) or (not unknown and at + size > len(data)):
            raise Broken("half an element")
        yield element, b"" if holds else data[at : at + size]
        at += 0 if holds else size


def _number(data: bytes, at: int, *, keep_mark: bool = False) -> tuple[int, int, bool]:
    """Return a number of EBML, where it ends, and whether it says "unknown"."""
    first = data[at]
    if first == 0:
        raise Broken("a number of more than eight bytes")
    width = 9 - first.bit_length()
    if at + width > len(data):
        raise Broken("half a number")
    value = int.from_bytes(data[at : at + width], "big")
    mask = (1 << 7 * width) - 1
    return value if keep_mark else value & mask, at + width, value & mask == mask


def _take(track: Track, block: bytes) -> None:
    number, at, _ = _number(block, 0)
    flags, packet = block[at + 2], block[at + 3 :]
    if number != track.number or flags & LACED:
        raise Broken("a block of another track, or of several packets")
    track.packets.append(packet)
    track.length += length_of(packet)
    if track.length > LONGEST * PER_SECOND:
        raise TooLong


def length_of(packet: bytes) -> int:
    """Return how long a packet of Opus plays, in 2.5 ms (RFC 6716, 3.1). Raises Broken."""
    first = packet[0]
    frames = (1, 2, 2, 0)[first & 3] or packet[1] & 0x3F
    length = LENGTHS[first >> 3] * frames
    if not 0 < length <= MOST_OF_A_PACKET:
        raise Broken("a packet of no length, or of more than there may be")
    return length


def _head(head: bytes) -> tuple[int, int]:
    """Return the channels, and the samples that a player skips (RFC 7845, 5.1)."""
    magic, _, channels, skipped, _, _, family = struct.unpack_from("<8sBBHIhB", head)
    if magic != b"OpusHead" or channels not in (1, 2) or family != 0:
        raise Broken("no head of Opus")
    return channels, skipped
