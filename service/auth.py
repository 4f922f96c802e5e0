"""Tokens: signed, short access tokens, and refresh tokens that are spent by use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from itsdangerous import BadSignature, URLSafeTimedSerializer

from village.errors import Unauthenticated

ACCESS_SECONDS = 3600


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

    def _read(self, kind: str, token: str, max_age: int | None) -> Any:
        try:
            return self._signer(kind).loads(token, max_age=max_age)
        except (BadSignature, UnicodeError, ValueError) as error:
            raise Unauthenticated("login_ended", "the token is not valid") from error

    def _signer(self, kind: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.secret_key, salt=f"wuzhan.{kind}")
