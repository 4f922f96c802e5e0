"""Voices: their length is counted, only their sound stays, and everything else is refused."""

from __future__ import annotations

import struct
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sounds import (
    CANARY,
    KINDS,
    LC_24K,
    OPUS_20_MS,
    box,
    mp3,
    mp4,
    recording,
    webm,
    with_a_false_length,
)
from village.errors import Invalid
from village.sounds import MOST_BYTES, is_sound, made_anew, webm_out

MAKERS = {"mp3": mp3, "mp4": mp4, "webm": webm}
PICTURES = (b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBPVP8 ", b"GIF89a")


def refused(data: bytes) -> str:
    with pytest.raises(Invalid) as refusal:
        made_anew(data)
    return refusal.value.code


def outcome(data: bytes) -> bytes | str:
    """What is kept of a file, or why it is refused; any other error is one of ours."""
    try:
        return made_anew(data).data
    except Invalid as refusal:
        return refusal.code


@pytest.mark.parametrize(("name", "media_type"), KINDS.items())
def test_a_voice_of_each_kind_is_kept_without_what_was_said_beside_it(
    name: str, media_type: str
) -> None:
    data = recording(name)
    made = made_anew(data)
    assert (made.media_type, made.seconds) == (media_type, 1)
    assert CANARY in data
    assert not any(word in made.data for word in (CANARY, b"+30.08", b"Lavf"))


@pytest.mark.parametrize("name", ["lame.mp3", "opus.webm"])
def test_what_was_made_anew_stays_as_it_is(name: str) -> None:
    made = made_anew(recording(name))
    again = made_anew(made.data)
    assert again == made


@pytest.mark.parametrize("kind", MAKERS)
def test_a_minute_is_taken_and_61_seconds_are_not(kind: str) -> None:
    assert made_anew(MAKERS[kind](60)).seconds == 60
    assert made_anew(MAKERS[kind](60.5)).seconds == 60
    assert refused(MAKERS[kind](61)) == "sound_too_long"
    assert refused(MAKERS[kind](300)) == "sound_too_long"


@pytest.mark.parametrize("kind", MAKERS)
def test_a_slip_of_the_thumb_is_no_voice(kind: str) -> None:
    assert refused(MAKERS[kind](0.1)) == "sound_unreadable"


def test_what_a_header_says_of_the_length_counts_for_nothing() -> None:
    assert refused(with_a_false_length(mp3(61))) == "sound_too_long"
    short = with_a_false_length(mp3(20))
    assert made_anew(short).seconds == 20
    assert b"Xing" not in made_anew(short).data
    lasting = struct.pack(">d", 61_000)
    assert lasting in webm(61)
    assert refused(webm(61).replace(lasting, struct.pack(">d", 3_000))) == "sound_too_long"


@pytest.mark.parametrize("name", KINDS)
def test_no_file_that_was_cut_off_is_taken(name: str) -> None:
    data = recording(name)
    whole = len(made_anew(data).data)
    for end in range(0, len(data), 37):
        found = outcome(data[:end])
        assert isinstance(found, str) or len(found) < whole
    assert refused(data[: len(data) // 2]) == "sound_unreadable"


@pytest.mark.parametrize("name", KINDS)
def test_what_hangs_behind_a_voice_is_refused_or_goes(name: str) -> None:
    for tail in (b"<script>alert(1)</script>", b"PK\x03\x04" + bytes(40), b"GIF89a" + bytes(20)):
        found = outcome(recording(name) + tail)
        assert isinstance(found, str) or tail[:6] not in found


HOSTILE = {
    "nothing": b"",
    "zeros": bytes(4000),
    "a page": b"<!doctype html><script>alert(1)</script>" * 50,
    "a page after a frame": mp3(1) + b"<html>" + mp3(1),
    "a page before the frames": b"<html>" + mp3(2),
    "a tag that reaches beyond": b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + mp3(1),
    "a tag that says no length": b"ID3\x04\0\0\xff\xff\xff\xff" + mp3(1),
    "a tag alone": b"ID3\x04\0\0\0\0\0\x05abcde",
    "tags without end": b"ID3\x04\0\0\0\0\0\0" * 200_000,
    "a frame's head alone": b"\xff\xf3\x44\xc4",
    "half a head": b"\xff\xf3",
    "two rates": mp3(1) + bytes.fromhex("fff348c4") + bytes(92 + 48),
    "layer II": b"\xff\xf5\x44\xc4" + bytes(92),
    "any length": b"\xff\xf3\x04\xc4" + bytes(92),
    "zlib": zlib.compress(bytes(10_000_000)),
    "a box without end": b"\0\0\0\x20ftypM4A " + b"\0\0\0\x01moov" + b"\xff" * 8,
    "a box within its head": b"\0\0\0\x10ftypM4A \0\0\0\0" + b"\0\0\0\x04moov",
    "nothing but boxes": b"\0\0\0\x0cftypM4A " + b"\0\0\0\x08free" * 100_000,
    "no film": box(b"ftyp", b"M4A ") + box(b"mdat", bytes(100)),
    "film in film": box(b"ftyp", b"M4A ") + box(b"moov", box(b"trak") * 5000),
    "two tracks": mp4(2, tracks=2),
    "HE-AAC": mp4(2, config=(5 << 11 | 6 << 7 | 1 << 3).to_bytes(2, "big")),
    "eight channels": mp4(2, config=(2 << 11 | 6 << 7 | 7 << 3).to_bytes(2, "big")),
    "a rate that is none": mp4(2, config=(2 << 11 | 13 << 7 | 1 << 3).to_bytes(2, "big")),
    "frames of 960": mp4(2, config=(int.from_bytes(LC_24K, "big") | 4).to_bytes(2, "big")),
    "no config": mp4(2, config=b""),
    "the same bytes again and again": mp4(2, size=900, chunks=[24] * 1000, count=1000),
    "frames that lie elsewhere": mp4(2, chunks=[4_000_000_000]),
    "more frames than bytes": mp4(2, count=100),
    "frames of nothing": mp4(2, size=0),
    "a picture of a phone": mp4(2, brand=b"heic"),
    "half an element": bytes.fromhex("1a45dfa3ff"),
    "a number of nine bytes": bytes.fromhex("1a45dfa300") + bytes(20),
    "an element of unknown length": webm(1)[:-10] + bytes.fromhex("ecffff"),
    "Matroska": webm(1).replace(b"webm", b"matr"),
    "another codec": webm(1).replace(b"A_OPUS", b"A_FLAC"),
    "two heads": webm(1) + webm(1),
    "another track's block": webm(1).replace(b"\x81\0", b"\x82\0"),
    "laced": webm(1).replace(b"\x80\x08", b"\x82\x08"),
    "eight channels of Opus": webm(1).replace(b"OpusHead\x01\x01", b"OpusHead\x01\x08"),
    "a packet of no frames": webm_out.written([b"\x0b\0"] * 50, [8] * 50, 1, 0),
    "a packet of a second": webm_out.written([b"\x1b\x3f"] * 50, [8] * 50, 1, 0),
    "an empty packet": webm_out.written([b""] * 50, [8] * 50, 1, 0),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_whole_voice_is_refused_at_once(what: str) -> None:
    began = time.perf_counter()
    assert refused(HOSTILE[what]) == "sound_unreadable"
    assert time.perf_counter() - began < 2


def test_more_frames_than_there_is_time_for_are_not_looked_for() -> None:
    began = time.perf_counter()
    assert refused(mp4(2, count=4_000_000_000)) == "sound_too_long"
    assert refused(bytes.fromhex("1a45dfa380") + b"\xec\x80" * 1_000_000) == "sound_too_long"
    long = webm_out.written([OPUS_20_MS] * 100_000, [8] * 100_000, 1, 0)
    assert refused(long) == "sound_too_long"
    assert time.perf_counter() - began < 4


def test_a_file_that_is_too_large_is_not_read() -> None:
    assert refused(mp3(1) + bytes(MOST_BYTES)) == "sound_too_large"


def test_a_sound_is_told_from_a_picture_by_its_first_bytes() -> None:
    assert all(is_sound(recording(name)) for name in KINDS)
    assert not any(is_sound(first) for first in PICTURES)


@given(st.data())
def test_a_spoilt_recording_is_refused_or_read_and_nothing_else(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(KINDS)))
    spoilt = bytearray(recording(name))
    for _ in range(data.draw(st.integers(1, 8))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    found = outcome(bytes(spoilt))
    assert isinstance(found, str) or len(found) > 1000


@given(st.binary(max_size=300), st.sampled_from([b"", b"ID3", b"\xff\xf3", b"\0\0\0\x18ftypM4A "]))
def test_any_bytes_are_refused(rest: bytes, first: bytes) -> None:
    with pytest.raises(Invalid):
        made_anew(first + rest)
