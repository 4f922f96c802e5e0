"""Voices as phones record them, and as somebody would send them who means harm.

`recordings/` has a second of a tone from the encoders of FFmpeg (LAME, AAC, libopus), each with a
title, a remark (CANARY) and a place: `whole.m4a` as a recorder writes it that ends its file,
`pieces.mp4` as one that writes while it is spoken.
"""

from __future__ import annotations

import struct
from pathlib import Path

from village.sounds import webm_out

RECORDINGS = Path(__file__).parent / "recordings"
KINDS = {
    "lame.mp3": "audio/mpeg",
    "whole.m4a": "audio/aac",
    "pieces.mp4": "audio/aac",
    "opus.webm": "audio/webm",
}
CANARY = b"taken in front of her house"
MP3_HEAD = bytes.fromhex("fff344c4")  # MPEG 2, 32 kbit/s, 24 kHz, mono: 96 bytes for 24 ms
LC_24K = (2 << 11 | 6 << 7 | 1 << 3).to_bytes(2, "big")  # AAC LC, 24 kHz, mono
OPUS_20_MS = b"\x08\xff\xfe"


def recording(name: str) -> bytes:
    """A file of `recordings/`."""
    return (RECORDINGS / name).read_bytes()


def mp3(seconds: float) -> bytes:
    """Silence of a length; 24 ms of it at least."""
    return (MP3_HEAD + bytes(92)) * round(seconds / 0.024)


def webm(seconds: float) -> bytes:
    """Silence of a length; 20 ms of it at least."""
    count = round(seconds / 0.02)
    return webm_out.written([OPUS_20_MS] * count, [8] * count, 1, 312)


def box(kind: bytes, *inside: bytes) -> bytes:
    """A box of an MP4."""
    body = b"".join(inside)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def numbers(*values: int) -> bytes:
    """A table of an MP4: version and flags, then these numbers."""
    return struct.pack(f">{1 + len(values)}I", 0, *values)


def mp4(
    seconds: float,
    *,
    config: bytes = LC_24K,
    tracks: int = 1,
    size: int = 8,
    chunks: list[int] | None = None,
    count: int | None = None,
    brand: bytes = b"M4A ",
) -> bytes:
    """An MP4 that says it has so much sound: frames of `size` bytes, one after the other.

    `chunks`: where they begin, `count`: how many there shall be, instead of the truth.
    """
    real = round(seconds * 24_000 / 1024)
    said = real if count is None else count
    start = 8 + 8 + 8  # after `ftyp` and the head of `mdat`
    at = [start] if chunks is None else chunks
    stbl = box(
        b"stbl",
        box(b"stsd", numbers(1), box(b"mp4a", bytes(28), _esds(config))),
        box(b"stsz", numbers(size, said)),
        box(b"stsc", numbers(1, 1, -(-said // len(at)), 1)),
        box(b"stco", numbers(len(at), *at)),
    )
    track = box(b"trak", box(b"mdia", box(b"minf", stbl)))
    sound = b"\x21" * (real * size)
    return box(b"ftyp", brand, bytes(4)) + box(b"mdat", sound) + box(b"moov", track * tracks)


def _esds(config: bytes) -> bytes:
    specific = bytes([5, len(config)]) + config
    decoder = bytes([4, 13 + len(specific), 0x40]) + bytes(12) + specific
    return box(b"esds", bytes(4), bytes([3, 3 + len(decoder)]), bytes(3), decoder)


def with_a_false_length(data: bytes) -> bytes:
    """An MP3 with LAME's index before it that speaks of ten frames."""
    head = bytes.fromhex("fff384c4")  # 64 kbit/s: 192 bytes, room for an index
    index = head + bytes(9) + b"Xing" + struct.pack(">II", 1, 10)
    return index.ljust(192, b"\0") + data
