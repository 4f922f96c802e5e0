"""MP3 as WeChat's recorder makes it: frames one after the other (ISO 11172-3, 13818-3; layer III).

From the first frame to the last there must be nothing between them.
"""

from __future__ import annotations

from dataclasses import dataclass

from village.sounds.frames import Broken

MEDIA_TYPE = "audio/mpeg"
MPEG1 = 3  # 2 is MPEG 2, 0 is MPEG 2.5
RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
KBITS_1 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
KBITS_2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
MONO = 3
TAG, TAG_BYTES = b"TAG", 128  # ID3v1
INDEX = (b"Xing", b"Info", b"VBRI")


@dataclass(frozen=True)
class Head:
    """The four bytes before a frame."""

    version: int
    rate: int
    size: int
    side: int  # bytes before the frame's own data

    @property
    def samples(self) -> int:
        """How many samples a frame holds."""
        return 1152 if self.version == MPEG1 else 576


def begins(data: bytes) -> bool:
    """Tell whether a file begins as an MP3 does: with a tag, or with a frame."""
    return data[:3] == b"ID3" or (data[:1] == b"\xff" and data[1:2] >= b"\xe0")


def made_anew(data: bytes) -> tuple[bytes, float]:
    """Return the frames without any tag, and their length in seconds. Raises Broken."""
    at, end, kept = _after_tags(data), _before_tag(data), []
    first = head = _head(data, at)
    while at < end:
        head = _head(data, at)
        if (head.version, head.rate) != (first.version, first.rate) or at + head.size > end:
            raise Broken("frames of two kinds, or half a frame")
        kept.append(data[at : at + head.size])
        at += head.size
    if _is_index(kept[0], first):
        kept.pop(0)  # it counts the frames, truly or not, and names the maker
    return b"".join(kept), len(kept) * first.samples / first.rate


def _head(data: bytes, at: int) -> Head:
    sync, middle, mode = data[at : at + 2], data[at + 2], data[at + 3]
    version, layer = sync[1] >> 3 & 3, sync[1] >> 1 & 3
    rate, kbits = middle >> 2 & 3, middle >> 4
    if sync[0] != 0xFF or sync[1] < 0xE0 or layer != 1 or version == 1 or rate == 3:
        raise Broken("no frame of layer III")
    if not 0 < kbits < 15:
        raise Broken("a frame of any length")
    hertz, mono, is_1 = RATES[version][rate], mode >> 6 == MONO, version == MPEG1
    bits = (KBITS_1 if is_1 else KBITS_2)[kbits - 1] * 1000
    size = (144 if is_1 else 72) * bits // hertz + (middle >> 1 & 1)
    side = (17 if mono else 32) if is_1 else (9 if mono else 17)
    return Head(version, hertz, size, 4 + side + (0 if sync[1] & 1 else 2))


def _is_index(frame: bytes, head: Head) -> bool:
    return frame[head.side : head.side + 4] in INDEX or frame[36:40] in INDEX


def _after_tags(data: bytes) -> int:
    """Return where the frames begin, after all ID3v2 tags."""
    at = 0
    while data[at : at + 3] == b"ID3":
        size, footer = data[at + 6 : at + 10], data[at + 5] & 0x10
        if len(size) < 4 or max(size) > 0x7F:
            raise Broken("a tag without a length")
        at += 10 + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3]) + (10 if footer else 0)
    return at


def _before_tag(data: bytes) -> int:
    """Return where the frames end, before an ID3v1 tag."""
    end = len(data) - TAG_BYTES
    return end if end > 0 and data[end : end + 3] == TAG else len(data)
