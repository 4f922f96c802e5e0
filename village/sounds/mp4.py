"""AAC in MP4 as phones record it, whole (`stbl`) or in pieces as it is spoken (`moof`).

Kept are its frames, each with an ADTS header (ISO 13818-7): that has no room for anything else.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from village.sounds import mp4_tables
from village.sounds.frames import Broken, TooLong
from village.sounds.mp4_boxes import Box, boxes, inside, one

MEDIA_TYPE = "audio/aac"
RATES = (
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
)  # fmt: skip
SAMPLES = 1024
AAC_LC = 2
AAC = 0x40  # object type of ISO 14496-3
# Pictures of a phone begin with the same box.
PICTURES = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")


@dataclass(frozen=True)
class Config:
    """What a decoder has to know: number of the rate, and how many channels."""

    rate: int
    channels: int


def begins(data: bytes) -> bool:
    """Tell whether a file begins as an MP4 does that is no picture."""
    return data[4:8] == b"ftyp" and data[8:12] not in PICTURES


def made_anew(data: bytes) -> tuple[bytes, float]:
    """Return the frames of its one track, and their length in seconds.

    Raises Broken or TooLong.
    """
    top = list(boxes(data, 0, len(data)))
    moov = one(top, b"moov")
    config = _config(data, _entry(data, moov))
    frames = _few(
        chain(mp4_tables.whole(data, moov), mp4_tables.pieces(data, moov, top)), len(data)
    )
    made = b"".join(_adts(config, len(frame)) + frame for frame in frames)
    return made, len(frames) * SAMPLES / RATES[config.rate]


def _few(found: Iterator[bytes], most: int) -> list[bytes]:
    """Gather the frames, and stop where they are more than there is time or file for."""
    frames: list[bytes] = []
    for frame in found:
        frames.append(frame)
        most -= len(frame)
        if len(frames) > mp4_tables.MOST_FRAMES:
            raise TooLong
        if most < 0:
            raise Broken("the same bytes twice")
    return frames


def _entry(data: bytes, moov: Box) -> Box:
    """Return the `esds` of the one track: how its frames are to be read."""
    media = one(inside(data, one(inside(data, moov), b"trak")), b"mdia")
    stsd = mp4_tables.table(data, media, b"stsd")
    entries = list(boxes(data, stsd.start + 8, stsd.end))
    mp4a = one(entries, b"mp4a")
    if len(entries) != 1:
        raise Broken("one kind of frames, please")
    return one(boxes(data, mp4a.start + 28, mp4a.end), b"esds")


def _config(data: bytes, esds: Box) -> Config:
    """Read the two bytes that say what frames these are (ISO 14496-1, 14496-3)."""
    found = dict(_descriptors(data[esds.start + 4 : esds.end]))
    if found.get(4, b"\0")[0] != AAC or len(found.get(5, b"")) < 2:
        raise Broken("not AAC")
    said = int.from_bytes(found[5][:2], "big")
    kind, rate, channels, other_length = said >> 11, said >> 7 & 15, said >> 3 & 15, said >> 2 & 1
    if kind != AAC_LC or rate >= len(RATES) or channels not in (1, 2) or other_length:
        raise Broken("not the AAC that phones record")
    return Config(rate, channels)


# Descriptors lie in one another; of each that holds others, the bytes before them.
HOLDS = {3: 3, 4: 13}


def _descriptors(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        tag, size, at = data[at], 0, at + 1
        for _ in range(4):
            byte, at = data[at], at + 1
            size = size << 7 | byte & 0x7F
            if byte < 0x80:
                break
        if at + size > len(data):
            raise Broken("half a descriptor")
        yield tag, data[at : at + size]
        at += HOLDS.get(tag, size)


def _adts(config: Config, size: int) -> bytes:
    whole = size + 7
    bits = 0xFFF1 << 40 | (AAC_LC - 1) << 38 | config.rate << 34 | config.channels << 30
    return struct.pack(">Q", bits | whole << 13 | 0x1FFC)[1:]
