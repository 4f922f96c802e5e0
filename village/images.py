"""Pictures that a phone sent, made anew: nothing stays of the file that came but its colours.

What a camera writes beside them (place, time, device), and what somebody hides behind them, goes;
who is the person in them is nobody's question (`restraint.md` N8, N18).
"""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageOps

from village.errors import Invalid

FORMATS = ("JPEG", "PNG", "WEBP")
MOST_PIXELS = 64_000_000  # a phone's largest pictures; 192 MB while a PNG is read
LONGEST_SIDE = 1600
QUALITY = 80
MEDIA_TYPE = "image/jpeg"


def made_anew(data: bytes) -> bytes:
    """Return a picture as JPEG, upright, at most 1600 pixels long, with nothing else in it.

    Raises Invalid `picture_unreadable` where `data` is no whole picture of the formats that phones
    make, and `picture_too_large` for more than 64 million pixels, before anything is unpacked.
    """
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height <= MOST_PIXELS:
                return _written(_upright(picture))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        pass  # beyond Pillow's own bounds
    # Broken files raise whatever their decoder stumbles over.
    except Exception as error:
        raise Invalid("picture_unreadable") from error
    raise Invalid("picture_too_large")


def _upright(picture: Image.Image) -> Image.Image:
    """Turn a picture as its camera was held, small; a JPEG is not even unpacked whole."""
    picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return _on_white(ImageOps.exif_transpose(picture))


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.convert("RGBA").getchannel("A"))
    return paper


def _written(picture: Image.Image) -> bytes:
    """Only pixels are handed to the file: no EXIF, no colour profile, no comment."""
    plain, out = picture.copy(), BytesIO()
    plain.info.clear()
    plain.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()
