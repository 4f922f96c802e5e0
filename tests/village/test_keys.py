"""Keys: what is sealed opens for its owner alone, keys change under way, files are whole."""

from __future__ import annotations

import stat
import time
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from village import keys, sealing
from village.catalog.files import read as rows
from village.catalog.forms import is_level3
from village.keys import KeysError, Unreadable
from village.models import Request

RING = keys.fresh()


@given(text=st.binary(max_size=200))
@settings(max_examples=30)
def test_what_is_sealed_opens_and_shows_nothing(text: bytes) -> None:
    sealed = RING.seal(text, "answers:1")
    assert RING.open(sealed, "answers:1") == text
    assert len(text) < 4 or text not in sealed
    assert RING.seal(text, "answers:1") != sealed


@pytest.mark.parametrize("at", [0, 4, 5, 17, -1])
def test_what_was_changed_or_is_anothers_does_not_open(at: int) -> None:
    sealed = bytearray(RING.seal(b"a secret", "answers:1"))
    with pytest.raises(Unreadable):
        RING.open(bytes(sealed), "answers:2")
    sealed[at] ^= 1
    with pytest.raises(Unreadable):
        RING.open(bytes(sealed), "answers:1")


def test_a_retired_key_opens_and_seals_no_more() -> None:
    old = RING.seal(b"before", "x")
    ring = RING.added()
    assert ring.current.number == 2
    assert ring.seal(b"after", "x")[:5] == ring.keys[2].prefix
    assert ring.retired().open(old, "x") == b"before"
    assert ring.retired().current.number == 2
    with pytest.raises(Unreadable):
        keys.Keyring(ring.index, {2: ring.keys[2]}).open(old, "x")


def test_the_hash_finds_by_kind_and_needs_the_key() -> None:
    assert RING.find("openid", "o1") == RING.added().retired().find("openid", "o1")
    assert RING.find("openid", "o1") != RING.find("phone", "o1")
    assert RING.find("openid", "o1") != keys.fresh().find("openid", "o1")


def test_a_file_is_its_owners_and_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "deep" / keys.FILE
    ring = keys.made(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keys.made(path) == ring
    with pytest.raises(FileExistsError):
        keys.write(path, keys.fresh(), anew=True)
    assert [each.name for each in path.parent.iterdir()] == [keys.FILE]
    assert repr(ring.index) not in repr(ring)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": 1, "index": "eA==", "keys": {}}'])
def test_a_damaged_file_is_said_in_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / keys.FILE
    path.write_text(text)
    with pytest.raises(KeysError, match="damaged"):
        keys.read(path)
    with pytest.raises(KeysError, match="wuzhan keys make"):
        keys.read(tmp_path / "none.json")


def test_a_new_key_in_the_file_is_seen_by_who_runs(
    tmp_path: Path, keys_of_all: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / keys.FILE
    keys.made(path)
    keys.configure(path)
    monkeypatch.setattr(keys, "LOOK_SECONDS", 0.0)
    try:
        assert keys.ring().current.number == 1
        keys.write(path, keys.read(path).added())
        time.sleep(0.01)
        assert keys.ring().current.number == 2
        path.write_text("half a fi")
        assert keys.ring().current.number == 2
    finally:
        keys.configure(keys_of_all)


def test_answers_of_level_3_and_of_no_form_are_sealed() -> None:
    request = Request(id=uuid4())
    named = {row["field"]: "x" for row in rows("form_fields")}
    level3 = {row["field"] for row in rows("form_fields") if row["sens"] == "3"}
    sealing.write(request, {**named, "invented": "y"})
    assert set(request.answers) == set(named) - level3
    assert set(sealing.opened(request)) == level3 | {"invented"}
    assert is_level3("invented")
    sealing.write(request, {"needs": ["做饭"]})
    assert request.sealed_answers is None
