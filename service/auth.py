"""Tokens: signed, short access tokens, and refresh tokens that are spent by use."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from itsdangerous import BadSignature, Signer, URLSafeTimedSerializer

from village.errors import Unauthenticated

ACCESS_SECONDS = 3600
FILE_SECONDS = 600


@dataclass(frozen=True)
class Tokens:
    """Signs and reads the tokens of an installation."""

    secret_key: str

    def pair(self, family_id: UUID, generation: int) -> dict[str, Any]:
        """Return the tokens of a login's present generation."""
        name = family_id.hex
        return {
            "access_token": self._signer("access").dumps(name),
            "refresh_token": self._signer("refresh").dumps([name, generation]),
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS,
        }

    def family_of(self, header: str | None) -> UUID:
        """Return the login that an `Authorization` header speaks for."""
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated
        return UUID(self._read("access", token.strip(), ACCESS_SECONDS))

    def spent_family_of(self, refresh_token: str) -> tuple[UUID, int]:
        """Return the login and generation of a refresh token; the database knows if it is spent."""
        name, generation = self._read("refresh", refresh_token, None)
        return UUID(name), int(generation)

    def file_key(self, file_id: UUID) -> str:
        """Return the key that opens a file for ten to twenty minutes: the same for ten of them."""
        ends = (int(time.time()) // FILE_SECONDS + 2) * FILE_SECONDS
        return f"{ends}.{self._file_mark(file_id, ends)}"

    def opens(self, key: str, file_id: UUID) -> bool:
        """Tell whether a key opens this file now."""
        ends, _, mark = key.partition(".")
        right = hmac.compare_digest(mark.encode(), self._file_mark(file_id, ends).encode())
        return right and time.time() < int(ends)

    def _file_mark(self, file_id: UUID, ends: int | str) -> str:
        signer = Signer(self.secret_key, salt="wuzhan.file")
        return signer.get_signature(f"{file_id}.{ends}").decode()

    def _read(self, kind: str, token: str, max_age: int | None) -> Any:
        try:
            return self._signer(kind).loads(token, max_age=max_age)
        except (BadSignature, UnicodeError, ValueError) as error:
            raise Unauthenticated("login_ended", "the token is not valid") from error

    def _signer(self, kind: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.secret_key, salt=f"wuzhan.{kind}")
