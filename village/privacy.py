"""Masking of personal data where an audience needs less than the whole, and keyed hashes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field


def mask_name(name: str) -> str:
    """Return a name as lists show it: `张*华`, `李*`; who gave none has none."""
    if len(name) <= 2:
        return name[:1] + "*" * bool(name)
    return name[0] + "*" * (len(name) - 2) + name[-1]


@dataclass(frozen=True)
class Keys:
    """Makes keyed hashes, by which a secret can be found again and not read."""

    secret: str = field(repr=False)

    def digest(self, kind: str, value: str) -> bytes:
        """Return the keyed hash of a value of a kind (at most 16 bytes): 32 bytes."""
        key = hashlib.sha256(self.secret.encode()).digest()
        person = kind.encode()
        return hashlib.blake2b(value.encode(), key=key, person=person, digest_size=32).digest()
