"""Voices that a phone recorded, made anew: only the frames of sound stay of the file that came.

How long a voice is is counted by its frames: what a header says about it is nobody's word. Tags
(name, place, device), other tracks and what somebody hides behind or between them go.
"""

from __future__ import annotations

import struct

from village.errors import Invalid
from village.sounds import mp3, mp4, webm
from village.sounds.frames import LONGEST, MOST_SECONDS, SHORTEST, Broken, Sound, TooLong

__all__ = ["MOST_BYTES", "MOST_SECONDS", "Sound", "is_sound", "made_anew"]

MOST_BYTES = 3 * 1024 * 1024  # a minute at 320 kbit/s is 2.4 MB; phones record at 24 to 128
FORMATS = (mp3, mp4, webm)
OTHERS = (b"OggS", b"#!AMR", b"fLaC")  # so that the refusal speaks of a recording


def is_sound(data: bytes) -> bool:
    """Tell by its first bytes whether a file wants to be a sound, of these formats or another."""
    wave = data[:4] == b"RIFF" and data[8:12] == b"WAVE"
    return wave or data.startswith(OTHERS) or any(form.begins(data) for form in FORMATS)


def made_anew(data: bytes) -> Sound:
    """Return a voice with nothing but its sound, and how many seconds it takes.

    Takes MP3, AAC in MP4, and Opus in WebM. Raises Invalid `sound_unreadable` where `data` is no
    whole recording of one of these, `sound_too_long` above 60 seconds, and `sound_too_large`.
    """
    if len(data) > MOST_BYTES:
        raise Invalid("sound_too_large")
    try:
        return _read(data)
    except TooLong as error:
        raise Invalid("sound_too_long") from error
    except (Broken, struct.error, IndexError) as error:
        raise Invalid("sound_unreadable") from error


def _read(data: bytes) -> Sound:
    form = next((form for form in FORMATS if form.begins(data)), None)
    if form is None:
        raise Broken("none of the formats")
    made, length = form.made_anew(data)
    if length > LONGEST:
        raise TooLong
    if length < SHORTEST:
        raise Broken("a slip of the thumb")
    return Sound(made, form.MEDIA_TYPE, min(max(round(length), 1), MOST_SECONDS))
