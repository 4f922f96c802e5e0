"""Pictures as phones take them, and as somebody would send them who means harm."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image

CANARY = b"taken in front of her house"
FORM = "multipart/form-data; boundary=b"


def picture(kind: str = "JPEG", size: tuple[int, int] = (400, 300), **options: object) -> bytes:
    """A picture of noise; `options` are Pillow's for writing it, and its `mode`."""
    out = BytesIO()
    noise = Image.effect_noise(size, 60).convert(str(options.pop("mode", "RGB")))
    noise.save(out, kind, **options)
    return out.getvalue()


def form(data: bytes) -> dict[str, Any]:
    """What a client's call takes to send a file."""
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    return {"data": head + data + b"\r\n--b--\r\n", "content_type": FORM}


def of_a_camera(**facts: object) -> bytes:
    """A JPEG that says where it was taken, and how the camera was held."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x8825] = {1: "N", 2: (30.0, 5.0, 7.0)}
    exif[0x010E] = CANARY.decode()
    return picture(exif=exif, comment=CANARY, **facts)
