"""How many calls a person and an address may make: counted in Redis, by one script.

`catalog/data/rate_limits.csv` has the numbers: so many calls at once, and as many again spread
over so many seconds. An address may make far more than a person: a mobile network hides a
whole county behind one. While Redis is away everything is let through, with an alarm.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Collection, Iterable
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from uuid import UUID

import redis
from flask import Request

from village.catalog.files import read
from village.errors import TooMany

log = logging.getLogger(__name__)

Network = IPv4Network | IPv6Network
PREFIX = "wuzhan:limit"
COUNTS_KEY = f"{PREFIX}:counts"
REST_SECONDS = 5.0
UNCHECKED = "unchecked"
IPV6_HOME_BITS = 64  # a provider gives a household a network of this size, not one address

# The generic cell rate algorithm: a key holds the moment by which all calls so far would have
# been made at the even pace. Either all keys of a call are charged, or none is.
SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local counts, class, unchecked = KEYS[#KEYS], ARGV[1], tonumber(ARGV[2])
local wait, charged = 0, {}
if unchecked > 0 then redis.call('HINCRBY', counts, 'unchecked', unchecked) end
for i = 1, #KEYS - 1 do
  local pace, window = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  charged[i] = math.max(tonumber(redis.call('GET', KEYS[i]) or now), now) + pace
  wait = math.max(wait, charged[i] - now - window)
end
if wait > 0 then
  redis.call('HINCRBY', counts, class, 1)
  return math.ceil(wait)
end
for i = 1, #KEYS - 1 do
  redis.call('SET', KEYS[i], charged[i], 'PX', math.ceil(charged[i] - now))
end
return 0
"""


class Limit(NamedTuple):
    """So many calls at once, and as many again evenly spread over so many seconds."""

    calls: int
    seconds: int


@cache
def table() -> dict[tuple[str, str], Limit]:
    """Return the limits by class of endpoint and `person` or `address`."""
    return {
        (row["class"], row["who"]): Limit(int(row["calls"]), int(row["seconds"]))
        for row in read("rate_limits")
    }


class Limiter:
    """Asks Redis before each call; `scale` multiplies all numbers but those of `exact` classes."""

    def __init__(
        self, client: redis.Redis, key: str, *, scale: float = 1.0, exact: Collection[str] = (),
        proxies: Iterable[Network] = (),
    ) -> None:  # fmt: skip
        """Take a client with a short timeout, and the key under which addresses are hidden."""
        self._client = client
        self._script = client.register_script(SCRIPT)
        self._key = key.encode()[:64]
        self._scale, self._exact = scale, exact
        self._proxies = tuple(proxies)
        self._rests_until = 0.0
        self._unchecked = 0

    def check(self, name: str, person_id: UUID | None, request: Request) -> None:
        """Charge a call of class `name` to its caller and its address. Raises TooMany."""
        if time.monotonic() < self._rests_until:
            self._unchecked += 1
            return
        named = {"address": self._hidden(address_of(request, self._proxies))}
        if person_id is not None:
            named["person"] = person_id.hex
        limits = [(w, n, table()[name, w]) for w, n in named.items() if (name, w) in table()]
        if wait := self._ask(name, [(f"{PREFIX}:{name}:{w}:{n}", found) for w, n, found in limits]):
            raise TooMany(after_seconds=-(-wait // 1000))

    def _ask(self, name: str, charged: list[tuple[str, Limit]]) -> int:
        unchecked, arguments = self._unchecked, [name, str(self._unchecked)]
        scale = 1.0 if name in self._exact else self._scale
        for _, limit in charged:
            window = limit.seconds * 1000
            arguments += [repr(window / (limit.calls * scale)), str(window)]
        try:
            wait = self._script(keys=[key for key, _ in charged] + [COUNTS_KEY], args=arguments)
        except redis.RedisError as error:
            self._let_through(error)
            return 0
        self._unchecked -= unchecked
        return int(wait)

    def _let_through(self, error: Exception) -> None:
        """Leave Redis in peace for some seconds: waiting for it would slow down every call."""
        self._unchecked += 1
        self._rests_until = time.monotonic() + REST_SECONDS
        log.warning("rate limits are off: Redis is away", extra={"error": type(error).__name__})

    def _hidden(self, address: str) -> str:
        return hashlib.blake2b(address.encode(), key=self._key, digest_size=12).hexdigest()


def counts(client: redis.Redis) -> dict[str, int]:
    """Return the calls refused by class, and under `unchecked` those let through unchecked."""
    found = client.hgetall(COUNTS_KEY)
    return {name.decode(): int(number) for name, number in found.items()}  # type: ignore[union-attr]


def address_of(request: Request, proxies: tuple[Network, ...]) -> str:
    """Return whose call it is: the last address that no proxy of ours has.

    Only our own proxies are believed about who called them; anybody can write a header.
    """
    chain = ",".join(request.headers.getlist("X-Forwarded-For")).split(",")
    address = _readable(request.remote_addr or "") or "unknown"
    while chain and _is_ours(address, proxies) and (before := _readable(chain.pop())):
        address = before
    return _home(address)


def _readable(text: str) -> str | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def _is_ours(address: str, proxies: tuple[Network, ...]) -> bool:
    return address != "unknown" and any(ip_address(address) in network for network in proxies)


def _home(address: str) -> str:
    if ":" not in address:
        return address
    bare = address.partition("%")[0]
    return str(ip_network(f"{bare}/{IPV6_HOME_BITS}", strict=False))
