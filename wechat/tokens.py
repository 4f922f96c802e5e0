"""The access token, shared by all processes through Redis and renewed by one of them at a time.

WeChat's stable_token answers with the same token to everyone until its last five minutes, and then
lets the old one live beside the new one. The lock therefore only saves calls; without Redis every
process keeps its own copy.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from redis import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

RENEW_BELOW_SECONDS = 300
LOCK_MILLISECONDS = 10_000
WAIT_SECONDS = 6.0
POLL_SECONDS = 0.05
AWAY_SECONDS = 5.0

T = TypeVar("T")

_DELETE_IF_SAME = """
if redis.call('HGET', KEYS[1], 'token') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
_RELEASE_IF_OURS = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


@dataclass(frozen=True)
class Token:
    """An access token and the wall time (seconds since 1970) at which it dies."""

    value: str = field(repr=False)
    expires_at: float

    def lives(self, more_seconds: float = 0) -> bool:
        """Whether the token is still good, and for longer than `more_seconds`."""
        return self.expires_at - time.time() > more_seconds


class TokenStore:
    """Keeps the token under `key`; `fetch` asks WeChat for it.

    Waits on Redis are bounded by the time-outs of the client passed in. When Redis fails, it is
    left alone for `AWAY_SECONDS`; a copy in this process serves, and every process fetches for
    itself.
    """

    def __init__(self, key: str, fetch: Callable[[], Token], redis: Redis | None) -> None:
        self._key = key
        self._lock_key = f"{key}:lock"
        self._fetch = fetch
        self._redis = redis
        self._copy: Token | None = None
        self._away_until = 0.0
        self._renewing = threading.Lock()

    def get(self) -> str:
        """A token to use now; raises what `fetch` raises."""
        held = self._read()
        if held and held.lives(RENEW_BELOW_SECONDS):
            return held.value
        return self._renew(held).value

    def reject(self, value: str) -> None:
        """Forgets the token WeChat refused, unless another process has replaced it already."""
        if self._copy and self._copy.value == value:
            self._copy = None
        self._ask_redis(lambda redis: redis.eval(_DELETE_IF_SAME, 1, self._key, value), None)

    def _renew(self, held: Token | None) -> Token:
        with self._lock() as won:
            if won:
                return self._fetch_unless_done()
        if held and held.lives():
            return held
        return self._wait() or self._fetch_and_keep()

    def _fetch_unless_done(self) -> Token:
        held = self._read()
        if held and held.lives(RENEW_BELOW_SECONDS):
            return held
        return self._fetch_and_keep()

    def _fetch_and_keep(self) -> Token:
        token = self._fetch()
        self._write(token)
        return token

    def _wait(self) -> Token | None:
        """The token another thread or process is fetching, or None if it does not come."""
        give_up = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < give_up:
            time.sleep(POLL_SECONDS)
            held = self._read()
            if held and held.lives():
                return held
        return None

    @contextmanager
    def _lock(self) -> Iterator[bool]:
        """Yields whether this thread is the one to renew."""
        if not self._renewing.acquire(blocking=False):
            yield False
            return
        try:
            with self._shared_lock() as won:
                yield won
        finally:
            self._renewing.release()

    @contextmanager
    def _shared_lock(self) -> Iterator[bool]:
        mark = secrets.token_hex(16)
        won = self._ask_redis(lambda redis: self._acquire(redis, mark), True)
        try:
            yield won
        finally:
            if won:
                self._ask_redis(lambda redis: self._release(redis, mark), None)

    def _acquire(self, redis: Redis, mark: str) -> bool:
        return bool(redis.set(self._lock_key, mark, nx=True, px=LOCK_MILLISECONDS))

    def _release(self, redis: Redis, mark: str) -> None:
        redis.eval(_RELEASE_IF_OURS, 1, self._lock_key, mark)

    def _read(self) -> Token | None:
        return self._ask_redis(self._load, self._copy)

    def _load(self, redis: Redis) -> Token | None:
        value, expires_at = redis.hmget(self._key, ["token", "expires_at"])
        return Token(_text(value), float(expires_at)) if value and expires_at else None

    def _write(self, token: Token) -> None:
        self._copy = token
        self._ask_redis(lambda redis: self._save(redis, token), None)

    def _save(self, redis: Redis, token: Token) -> None:
        with redis.pipeline(transaction=True) as pipe:
            pipe.hset(self._key, mapping={"token": token.value, "expires_at": token.expires_at})
            pipe.expireat(self._key, int(token.expires_at))
            pipe.execute()

    def _ask_redis(self, question: Callable[[Redis], T], without: T) -> T:
        """The answer of Redis, or `without` when there is none or it has just failed."""
        if not self._redis or time.monotonic() < self._away_until:
            return without
        try:
            return question(self._redis)
        except RedisError as error:
            # Every further question would wait for its time-outs again.
            self._away_until = time.monotonic() + AWAY_SECONDS
            logger.warning("token_store_without_redis", extra={"error": type(error).__name__})
            return without


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
