"""Log-in codes and access tokens with the lives WeChat gives them; none survives a restart."""

from __future__ import annotations

import re
import secrets
import threading
from collections import deque
from collections.abc import Callable

from wechat.sandbox.faults import Refusal

CODE_SECONDS = 5 * 60
OVERLAP_SECONDS = 5 * 60
FORCE_PAUSE_SECONDS = 30
FORCES_A_DAY = 20

DEMO_CODE = re.compile(r"demo\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{1,64})")
PHONE_CODE = re.compile(r"phone\.([0-9+]{5,20})\.([A-Za-z0-9_-]{1,64})")

Clock = Callable[[], float]


class Codes:
    """Log-in codes, each good once; issued ones for five minutes, demo ones when first seen."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._issued: dict[str, tuple[str, float]] = {}
        self._used: set[str] = set()
        self._lock = threading.Lock()

    def issue(self, openid: str) -> str:
        """A fresh code for `openid`, as `wx.login` would give."""
        code = "0" + secrets.token_urlsafe(23)
        with self._lock:
            self._issued[code] = (openid, self._clock() + CODE_SECONDS)
        return code

    def redeem(self, code: str) -> str:
        """The openid behind `code`; refuses 40029 (unknown, too old) and 40163 (used)."""
        with self._lock:
            if code in self._used:
                raise Refusal(40163, "code been used")
            openid = self._openid_of(code)
            if openid is None:
                raise Refusal(40029, "invalid code")
            self._used.add(code)
            return openid

    def redeem_phone(self, code: str) -> str:
        """The number in a code `phone.<number>.<nonce>`; refuses as `redeem` does."""
        with self._lock:
            if code in self._used:
                raise Refusal(40163, "code been used")
            found = PHONE_CODE.fullmatch(code)
            if found is None:
                raise Refusal(40029, "invalid code")
            self._used.add(code)
            return found[1]

    def _openid_of(self, code: str) -> str | None:
        demo = DEMO_CODE.fullmatch(code)
        if demo:
            return demo.group(1)
        openid, expires_at = self._issued.pop(code, (None, 0.0))
        return openid if expires_at > self._clock() else None


class Tokens:
    """Access tokens of both endpoints, kept apart, with the overlaps WeChat grants."""

    def __init__(self, clock: Clock, seconds: int) -> None:
        self._clock = clock
        self._seconds = seconds
        self._stable = ""
        self._plain = ""
        self._dies_at: dict[str, float] = {}
        self._forced_at: deque[float] = deque(maxlen=FORCES_A_DAY)
        self._lock = threading.Lock()

    def stable(self, *, force: bool) -> tuple[str, int]:
        """stable_token: the same token until its last five minutes; `force` kills it at once."""
        with self._lock:
            if force:
                self._check_force()
                self._dies_at.pop(self._stable, None)
            if self._left(self._stable) <= OVERLAP_SECONDS:
                self._stable = self._mint()
            return self._stable, self._left(self._stable)

    def plain(self) -> tuple[str, int]:
        """getAccessToken: always a new token; the one before lives on for five minutes at most."""
        with self._lock:
            if self._plain:
                end = self._clock() + OVERLAP_SECONDS
                self._dies_at[self._plain] = min(self._dies_at[self._plain], end)
            self._plain = self._mint()
            return self._plain, self._left(self._plain)

    def check(self, token: str) -> None:
        """Refuses 40014 (malformed), 40001 (not ours or killed) and 42001 (expired)."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{64,512}", token):
            raise Refusal(40014, "invalid access_token")
        with self._lock:
            if token not in self._dies_at:
                raise Refusal(40001, "invalid credential, access_token is invalid or not latest")
            if self._left(token) <= 0:
                raise Refusal(42001, "access_token expired")

    def _check_force(self) -> None:
        now = self._clock()
        if self._forced_at and now - self._forced_at[-1] < FORCE_PAUSE_SECONDS:
            raise Refusal(45011, "api minute-quota reach limit, must slower retry next minute")
        if len(self._forced_at) == FORCES_A_DAY and now - self._forced_at[0] < 24 * 60 * 60:
            raise Refusal(45009, "reach max api daily quota limit")
        self._forced_at.append(now)

    def _mint(self) -> str:
        token = secrets.token_urlsafe(102)
        self._dies_at[token] = self._clock() + self._seconds
        return token

    def _left(self, token: str) -> int:
        return int(self._dies_at.get(token, 0.0) - self._clock())
