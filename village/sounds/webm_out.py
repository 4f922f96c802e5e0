"""Writing a WebM of one voice: no more in it than a player has to know."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

MS = 2.5  # what a length is counted in
OF_A_CLUSTER = 2000  # 5 s: a block says its time in 16 bits, counted from its cluster's
PREROLL = 80_000_000  # ns (RFC 7845, 4.6)
RATE = 48_000


def written(packets: Sequence[bytes], lengths: Sequence[int], channels: int, skipped: int) -> bytes:
    """Return a WebM of packets of Opus; `lengths` in 2.5 ms, `skipped` in samples."""
    info = _element("1549A966", _info(sum(lengths)))
    tracks = _element("1654AE6B", _element("AE", _track(channels, skipped)))
    clusters = b"".join(_clusters(packets, lengths))
    return _ebml() + _element("18538067", info + tracks + clusters)


def _ebml() -> bytes:
    said = {"4286": 1, "42F7": 1, "42F2": 4, "42F3": 8, "4287": 4, "4285": 2}
    body = b"".join(_whole(element, value) for element, value in said.items())
    return _element("1A45DFA3", body + _element("4282", b"webm"))


def _info(length: int) -> bytes:
    lasts = _element("4489", struct.pack(">d", length * MS))
    return _whole("2AD7B1", 1_000_000) + lasts + _element("4D80", b"-") + _element("5741", b"-")


def _track(channels: int, skipped: int) -> bytes:
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, channels, skipped, RATE, 0, 0)
    sound = _element("B5", struct.pack(">d", RATE)) + _whole("9F", channels)
    return b"".join((
        _whole("D7", 1), _whole("73C5", 1), _whole("83", 2), _element("86", b"A_OPUS"),
        _element("63A2", head), _whole("56AA", skipped * 1_000_000_000 // RATE),
        _whole("56BB", PREROLL), _element("E1", sound),
    ))  # fmt: skip


def _clusters(packets: Sequence[bytes], lengths: Sequence[int]) -> Iterator[bytes]:
    start = now = 0
    blocks: list[bytes] = []
    for packet, length in zip(packets, lengths, strict=True):
        if now - start >= OF_A_CLUSTER:
            yield _cluster(start, blocks)
            start, blocks = now, []
        time = struct.pack(">h", int(now * MS) - int(start * MS))
        blocks.append(_element("A3", b"\x81" + time + b"\x80" + packet))
        now += length
    yield _cluster(start, blocks)


def _cluster(start: int, blocks: list[bytes]) -> bytes:
    return _element("1F43B675", _whole("E7", int(start * MS)) + b"".join(blocks))


def _whole(element: str, value: int) -> bytes:
    return _element(element, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def _element(element: str, body: bytes) -> bytes:
    return bytes.fromhex(element) + (1 << 56 | len(body)).to_bytes(8, "big") + body
