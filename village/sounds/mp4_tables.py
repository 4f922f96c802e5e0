"""Where the frames of an MP4's track lie: in the tables of a whole file, or in its pieces."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice

from village.sounds.frames import LONGEST, Broken, TooLong
from village.sounds.mp4_boxes import Box, inside, one

MOST_FRAMES = int(LONGEST * 96_000 / 1024) + 1  # at the highest rate there is
MOST_OF_A_FRAME = 0x1FFF - 7  # what ADTS has room for

# Fields before the one that is looked for, in the order of their flags, with their bytes.
BASE, NUMBER, LASTS, SIZE = 0x1, 0x2, 0x8, 0x10
OFFSET, FIRST = 0x1, 0x4
OF_EACH = (0x100, 0x200, 0x400, 0x800)  # lasts, size, flags, shift
SIZE_OF_EACH = 0x200


def table(data: bytes, media: Box, kind: bytes) -> Box:
    """Return a table of a track's media."""
    stbl = one(inside(data, one(inside(data, media), b"minf")), b"stbl")
    return one(inside(data, stbl), kind)


def whole(data: bytes, moov: Box) -> Iterator[bytes]:
    """Yield the frames that the tables of a whole file lead to. Raises Broken or TooLong."""
    media = one(inside(data, one(inside(data, moov), b"trak")), b"mdia")
    sizes = _sizes(data, table(data, media, b"stsz"))
    if not sizes:
        return
    left = iter(sizes)
    for start, count in _chunks(data, media):
        at = start
        for size in islice(left, count):
            yield _taken(data, at, size)
            at += size
    if next(left, None) is not None:
        raise Broken("frames that lie nowhere")


def _sizes(data: bytes, stsz: Box) -> list[int]:
    same, count = struct.unpack_from(">II", data, stsz.start + 4)
    _few(count)
    return [same] * count if same else _numbers(data, stsz, stsz.start + 12, count)


def _chunks(data: bytes, media: Box) -> Iterator[tuple[int, int]]:
    """Yield where each chunk begins, and how many frames it has."""
    stsc, stco = table(data, media, b"stsc"), table(data, media, b"stco")
    (runs,) = struct.unpack_from(">I", data, stsc.start + 4)
    (count,) = struct.unpack_from(">I", data, stco.start + 4)
    _few(max(runs, count))
    numbers = _numbers(data, stsc, stsc.start + 8, 3 * runs)
    frames = dict(zip(numbers[::3], numbers[1::3], strict=True))
    now = 0
    for number, at in enumerate(_numbers(data, stco, stco.start + 8, count), 1):
        now = frames.get(number, now)
        yield at, now


def pieces(data: bytes, moov: Box, top: list[Box]) -> Iterator[bytes]:
    """Yield the frames of the pieces in their order. Raises Broken or TooLong."""
    usual = _usual_size(data, moov)
    for moof in (box for box in top if box.kind == b"moof"):
        for traf in (box for box in inside(data, moof) if box.kind == b"traf"):
            yield from _piece(data, moof, inside(data, traf), usual)


def _usual_size(data: bytes, moov: Box) -> int:
    for mvex in (box for box in inside(data, moov) if box.kind == b"mvex"):
        trex = one(inside(data, mvex), b"trex")
        return int(struct.unpack_from(">I", data, trex.start + 16)[0])
    return 0


def _piece(data: bytes, moof: Box, traf: list[Box], usual: int) -> Iterator[bytes]:
    base, usual = _usual_of_piece(data, moof, one(traf, b"tfhd"), usual)
    at = base
    for trun in (box for box in traf if box.kind == b"trun"):
        flags, count = struct.unpack_from(">II", data, trun.start)
        _few(count)
        start = trun.start + 8
        if flags & OFFSET:
            at = base + struct.unpack_from(">i", data, start)[0]
        start += 4 * (bool(flags & OFFSET) + bool(flags & FIRST))
        for size in _sizes_of_run(data, trun, start, count, flags, usual):
            yield _taken(data, at, size)
            at += size


def _usual_of_piece(data: bytes, moof: Box, tfhd: Box, usual: int) -> tuple[int, int]:
    """Return from where a piece counts, and how large its frames are that do not say it."""
    flags, _ = struct.unpack_from(">II", data, tfhd.start)
    at, base = tfhd.start + 8, moof.at
    if flags & BASE:
        (base,) = struct.unpack_from(">Q", data, at)
        at += 8
    at += 4 * (bool(flags & NUMBER) + bool(flags & LASTS))
    if flags & SIZE:
        (usual,) = struct.unpack_from(">I", data, at)
    return base, usual


def _sizes_of_run(
    data: bytes, trun: Box, start: int, count: int, flags: int, usual: int
) -> list[int]:
    fields = [flag for flag in OF_EACH if flags & flag]
    if SIZE_OF_EACH not in fields:
        return [usual] * count
    numbers = _numbers(data, trun, start, count * len(fields))
    return numbers[fields.index(SIZE_OF_EACH) :: len(fields)]


def _numbers(data: bytes, box: Box, at: int, count: int) -> list[int]:
    if at + 4 * count > box.end:
        raise Broken("a table that is longer than its box")
    return list(struct.unpack_from(f">{count}I", data, at))


def _few(count: int) -> None:
    """Refuse a number of frames before any is looked for."""
    if count > MOST_FRAMES:
        raise TooLong


def _taken(data: bytes, at: int, size: int) -> bytes:
    if at < 0 or at + size > len(data) or not 0 < size <= MOST_OF_A_FRAME:
        raise Broken("a frame outside of the file, or none of AAC")
    return data[at : at + size]
