"""Pictures of a phone are made anew: upright, small, and with nothing beside their colours."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from tests.pictures import CANARY, of_a_camera, picture
from village.errors import Invalid
from village.images import LONGEST_SIDE, made_anew


def seen(data: bytes) -> Image.Image:
    return Image.open(BytesIO(made_anew(data)))


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that claims to be `side` pixels wide and high."""

    def chunk(name: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + check

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"0" * 99))


def test_a_picture_is_turned_as_the_camera_was_held_and_made_small() -> None:
    found = seen(of_a_camera(size=(3200, 2000)))
    assert (found.format, found.size) == ("JPEG", (1000, LONGEST_SIDE))
    assert seen(picture(size=(40, 30))).size == (40, 30)


def test_nothing_of_the_file_stays_but_its_colours() -> None:
    sent = of_a_camera() + b"<script>alert(1)</script>"
    made = made_anew(sent)
    assert CANARY in sent
    assert not any(word in made for word in (CANARY, b"Exif", b"script"))
    assert not seen(sent).getexif()


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "LA"),
        ("PNG", "I;16"),
        ("JPEG", "CMYK"),
        ("WEBP", "RGB"),
    ],
)
def test_whatever_phones_make_is_taken(kind: str, mode: str) -> None:
    assert seen(picture(kind, mode=mode)).mode == "RGB"


def test_what_can_be_seen_through_lies_on_white() -> None:
    out = BytesIO()
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(out, "PNG")
    assert seen(out.getvalue()).getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\xff\xd8\xff",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7\n" + picture(),
        picture()[:900],
        picture("PNG")[:900],
        picture("GIF"),
        picture("TIFF"),
    ],
    ids=["nothing", "a head", "svg", "pdf", "half a jpeg", "half a png", "gif", "tiff"],
)
def test_what_is_no_whole_picture_of_a_phone_is_refused(sent: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        made_anew(sent)
    assert refused.value.code == "picture_unreadable"


@pytest.mark.parametrize("side", [8_001, 10_000, 60_000])
def test_a_picture_that_claims_more_than_a_phone_takes_is_not_unpacked(side: int) -> None:
    with pytest.raises(Invalid) as refused:
        made_anew(bomb(side))
    assert refused.value.code == "picture_too_large"
