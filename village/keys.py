"""The keys of an installation: what is sealed at rest, and what is found by a keyed hash.

One JSON file, apart from the database and its backups, readable by its owner alone. Level-3
fields (`form_fields.csv`), phones and openids are sealed by AES-256-GCM under the current key;
a sealed value names its key, so that keys can be changed while everything runs (`keyed.py`).
The hash by which an openid or a phone is found has a key of its own, which is never changed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from village import clock
from village.errors import Unavailable

FILE = "keys.json"
FORMAT = 1
KEY_BYTES, NONCE_BYTES, PREFIX_BYTES = 32, 12, 5
LOOK_SECONDS = 2.0  # how soon a process sees that the file has changed
MARK = b"\x01"  # of the format of a sealed value


class KeysError(Exception):
    """The key file is missing or cannot be used; the sentence says what to do."""


class Unreadable(Unavailable):
    """A sealed value cannot be opened: its key is missing, or it is not what was sealed."""


@dataclass(frozen=True)
class Key:
    """A sealing key: `number` stands in what it sealed; a retired one only opens."""

    number: int
    secret: bytes = field(repr=False)
    made_at: datetime
    retired_at: datetime | None = None

    @property
    def prefix(self) -> bytes:
        """What every value sealed by it begins with: 5 bytes."""
        return MARK + self.number.to_bytes(PREFIX_BYTES - 1, "big")

    @property
    def fingerprint(self) -> str:
        """By which two copies of a key are compared, and nothing is learnt: 16 hex digits."""
        return _fingerprint(self.secret)


@dataclass(frozen=True)
class Keyring:
    """All keys of an installation; the newest that is not retired seals."""

    index: bytes = field(repr=False)
    keys: Mapping[int, Key]

    @property
    def current(self) -> Key:
        """The key that seals."""
        return self.keys[max(number for number, key in self.keys.items() if not key.retired_at)]

    @property
    def rotating(self) -> bool:
        """Whether a rotation was begun and not ended: more than one key is not retired."""
        return sum(key.retired_at is None for key in self.keys.values()) > 1

    @property
    def fingerprints(self) -> dict[str, str]:
        """Return the fingerprint of each key by its number; `index` is that of the hashes."""
        found = {str(number): key.fingerprint for number, key in self.keys.items()}
        return {"index": _fingerprint(self.index), **found}

    def seal(self, text: bytes, bound_to: str) -> bytes:
        """Return `text` sealed; it opens only with the same `bound_to` (whose, and which field)."""
        key, nonce = self.current, secrets.token_bytes(NONCE_BYTES)
        sealed = AESGCM(key.secret).encrypt(nonce, text, key.prefix + bound_to.encode())
        return key.prefix + nonce + sealed

    def open(self, sealed: bytes, bound_to: str) -> bytes:
        """Return what was sealed. Raises Unreadable."""
        key = self.keys.get(int.from_bytes(sealed[1:PREFIX_BYTES], "big"))
        if key is None or sealed[:1] != MARK:
            raise Unreadable("unreadable", "the key of a sealed value is missing")
        nonce, body = sealed[PREFIX_BYTES:][:NONCE_BYTES], sealed[PREFIX_BYTES + NONCE_BYTES :]
        try:
            return AESGCM(key.secret).decrypt(nonce, body, key.prefix + bound_to.encode())
        except InvalidTag as error:
            raise Unreadable("unreadable", "a sealed value is damaged, or another's") from error

    def find(self, kind: str, value: str) -> bytes:
        """Return the keyed hash by which a value of a kind is found: 32 bytes."""
        return hmac.digest(self.index, f"{kind}\0{value}".encode(), "sha256")

    def added(self) -> Keyring:
        """Return the ring with one more key, which seals from now on."""
        number = max(self.keys) + 1
        return replace(self, keys={**self.keys, number: _new(number)})

    def retired(self) -> Keyring:
        """Return the ring in which every key but the current one only opens (old backups)."""
        now, current = clock.wall(), self.current.number
        return replace(
            self,
            keys={
                number: replace(key, retired_at=key.retired_at or now) if number != current else key
                for number, key in self.keys.items()
            },
        )


def _new(number: int) -> Key:
    return Key(number, secrets.token_bytes(KEY_BYTES), clock.wall())


def _fingerprint(secret: bytes) -> str:
    return hashlib.sha256(b"wuzhan key\0" + secret).hexdigest()[:16]


def fresh() -> Keyring:
    """Return new keys that are nobody's yet."""
    return Keyring(secrets.token_bytes(KEY_BYTES), {1: _new(1)})


def read(path: Path) -> Keyring:
    """Return the keys in a file. Raises KeysError."""
    try:
        found = json.loads(path.read_bytes())
        keys = {int(number): _parsed(int(number), row) for number, row in found["keys"].items()}
        ring = Keyring(_bytes(found["index"]), keys)
        if found["format"] == FORMAT and any(not key.retired_at for key in keys.values()):
            return ring
    except FileNotFoundError as error:
        raise KeysError(
            f"There is no key file {path}: put back the copy that is kept apart from the backups, "
            "or for a new installation make one by `wuzhan keys make`; see WUZHAN_KEYS_FILE."
        ) from error
    except OSError as error:
        raise KeysError(f"The key file {path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise KeysError(f"The key file {path} is damaged: put back the copy that is kept apart.")


def write(path: Path, ring: Keyring, *, anew: bool = False) -> None:
    """Write the keys, whole or not at all, for their owner alone; `anew`: never over others.

    Raises FileExistsError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = {str(number): _row(key) for number, key in ring.keys.items()}
    text = json.dumps({"format": FORMAT, "index": _text(ring.index), "keys": rows}, indent=1)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        if anew:
            os.link(beside, path)
        else:
            beside.replace(path)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()


def made(path: Path) -> Keyring:
    """Return the keys in a file, which is made where there is none. Raises KeysError."""
    with suppress(FileExistsError):
        if not path.exists():
            write(path, fresh(), anew=True)
    return read(path)


def _parsed(number: int, row: dict[str, Any]) -> Key:
    retired = row.get("retired_at")
    return Key(
        number,
        _bytes(row["key"]),
        datetime.fromisoformat(row["made_at"]),
        datetime.fromisoformat(retired) if retired else None,
    )


def _row(key: Key) -> dict[str, str]:
    retired = {"retired_at": key.retired_at.isoformat()} if key.retired_at else {}
    return {"key": _text(key.secret), "made_at": key.made_at.isoformat(), **retired}


def _text(secret: bytes) -> str:
    return base64.b64encode(secret).decode()


def _bytes(text: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(text) from error
    if len(found) != KEY_BYTES:
        raise ValueError(text)
    return found


@dataclass
class _Kept:
    """The ring as it was when the file last changed."""

    path: Path | None = None
    ring: Keyring | None = None
    stamp: tuple[int, int] | None = None
    looked_at: float = 0.0


_kept = _Kept()


def configure(path: Path | None) -> None:
    """Take the keys from this file from now on; it is read when one is first needed."""
    global _kept  # noqa: PLW0603 - one ring a process, as one clock
    _kept = _Kept(path)


def ring() -> Keyring:
    """Return the installation's keys; another key in the file is seen within two seconds.

    Raises Unreadable where there is no file (the process was started with one).
    """
    kept = _kept
    if kept.ring is None or time.monotonic() - kept.looked_at > LOOK_SECONDS:
        _look(kept)
    if kept.ring is None:
        raise Unreadable("unreadable", "this process has no key file")
    return kept.ring


def _look(kept: _Kept) -> None:
    if kept.path is None:
        return
    with suppress(OSError, KeysError):  # what was read before goes on opening
        status = kept.path.stat()
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp != kept.stamp:
            kept.ring, kept.stamp = read(kept.path), stamp
    kept.looked_at = time.monotonic()
