"""One token for everybody: few fetches, one renewal, and no dependence on Redis."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.wechat.stand_in import OFFER, SEND, STABLE_TOKEN, Sandbox
from wechat.client import WechatClient
from wechat.errors import TokenRejected
from wechat.tokens import Token, TokenStore

NewClient = Callable[..., WechatClient]
MANY = 20


class Mint:
    """Hands out tokens t1, t2, … and counts them; slowly, so that callers meet."""

    def __init__(self, seconds: float = 7200, slow: float = 0.0) -> None:
        self.seconds = seconds
        self.slow = slow
        self.made = 0
        self.lock = threading.Lock()

    def __call__(self) -> Token:
        time.sleep(self.slow)
        with self.lock:
            self.made += 1
            return Token(f"t{self.made}", time.time() + self.seconds)


def at_once(calls: list[Callable[[], object]]) -> list[object]:
    """The results of all calls, begun together."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def send(client: WechatClient, openid: str = "u1") -> str:
    return client.send_subscribe_message(openid, "tmpl-offer", OFFER)


def test_twenty_processes_starting_together_fetch_one_token(shared: redis.Redis) -> None:
    mint = Mint(slow=0.1)
    stores = [TokenStore("token", mint, shared) for _ in range(MANY)]
    assert set(at_once([store.get for store in stores])) == {"t1"}
    assert mint.made == 1


def test_twenty_threads_without_redis_fetch_one_token() -> None:
    mint = Mint(slow=0.1)
    store = TokenStore("token", mint, None)
    assert set(at_once([store.get] * MANY)) == {"t1"}
    assert mint.made == 1


def test_twenty_threads_send_with_one_fetched_token(
    sandbox: Sandbox, new_client: NewClient, shared: redis.Redis
) -> None:
    client = new_client(shared)
    for number in range(MANY):
        sandbox.grant(f"u{number}")
    at_once([lambda number=number: send(client, f"u{number}") for number in range(MANY)])
    assert sandbox.calls(STABLE_TOKEN) == 1


@pytest.mark.parametrize("with_redis", [True, False])
def test_a_token_killed_midway_is_renewed_once_and_the_send_succeeds(
    sandbox: Sandbox, new_client: NewClient, shared: redis.Redis, with_redis: bool
) -> None:
    client = new_client(shared if with_redis else None)
    sandbox.grant("u1", count=2)
    send(client)
    sandbox.token(force_refresh=True)
    before = sandbox.calls(STABLE_TOKEN)
    send(client)
    assert sandbox.calls(STABLE_TOKEN) - before == 1
    assert len(sandbox.messages("u1")) == 2


def test_a_token_killed_under_twenty_senders_is_renewed_a_handful_of_times(
    sandbox: Sandbox, new_client: NewClient, shared: redis.Redis
) -> None:
    clients = [new_client(shared) for _ in range(MANY)]
    for number in range(MANY):
        sandbox.grant(f"u{number}", count=2)
        send(clients[number], f"u{number}")
    sandbox.token(force_refresh=True)
    before = sandbox.calls(STABLE_TOKEN)
    at_once([lambda n=n, c=c: send(c, f"u{n}") for n, c in enumerate(clients)])
    assert 1 <= sandbox.calls(STABLE_TOKEN) - before <= 5


def test_a_token_rejected_twice_is_the_callers_to_retry_later(
    sandbox: Sandbox, new_client: NewClient, shared: redis.Redis
) -> None:
    sandbox.fault(SEND, errcode=42001, times=2)
    with pytest.raises(TokenRejected):
        send(new_client(shared))
    assert sandbox.calls(SEND) == 2


def test_rejecting_an_old_token_leaves_a_newer_one_alone(shared: redis.Redis) -> None:
    mint = Mint()
    mine, theirs = TokenStore("token", mint, shared), TokenStore("token", mint, shared)
    old = mine.get()
    theirs.reject(old)
    assert theirs.get() == "t2"
    mine.reject(old)
    assert mine.get() == "t2"
    assert mint.made == 2


def test_a_token_is_renewed_in_its_last_five_minutes(shared: redis.Redis) -> None:
    mint = Mint(seconds=299)
    store = TokenStore("token", mint, shared)
    assert [store.get(), store.get()] == ["t1", "t2"]


def test_a_token_that_came_while_taking_the_lock_is_used(shared: redis.Redis) -> None:
    class Late(TokenStore):
        def _acquire(self, redis: redis.Redis, mark: str) -> bool:
            TokenStore("token", Mint(), shared).get()
            return super()._acquire(redis, mark)

    mint = Mint()
    assert Late("token", mint, shared).get() == "t1"
    assert mint.made == 0


def test_while_another_renews_the_old_token_serves(shared: redis.Redis) -> None:
    mint = Mint(seconds=299)
    store = TokenStore("token", mint, shared)
    store.get()
    shared.set("token:lock", "someone else", px=10_000)
    assert store.get() == "t1"


def test_the_lock_is_released_after_the_renewal_and_only_by_its_owner(shared: redis.Redis) -> None:
    def take_lock_from_us() -> Token:
        shared.set("token:lock", "someone else")
        return Token("t1", time.time() + 7200)

    TokenStore("token", Mint(), shared).get()
    assert shared.get("token:lock") is None
    shared.delete("token")
    TokenStore("token", take_lock_from_us, shared).get()
    assert shared.get("token:lock") == b"someone else"


def test_a_flushed_redis_costs_one_fetch(
    sandbox: Sandbox, new_client: NewClient, shared: redis.Redis
) -> None:
    client = new_client(shared)
    sandbox.grant("u1", count=2)
    send(client)
    shared.flushdb()
    send(client)
    assert sandbox.calls(STABLE_TOKEN) == 2


def test_without_a_redis_server_sending_works_and_the_token_is_kept(
    sandbox: Sandbox, new_client: NewClient
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with redis.Redis(port=port, socket_timeout=1, retry=Retry(NoBackoff(), 0)) as away:
        client = new_client(away)
        sandbox.grant("u1", count=2)
        send(client)
        send(client)
    assert sandbox.calls(STABLE_TOKEN) == 1


def test_a_redis_that_failed_is_left_alone_for_a_while() -> None:
    class Away(redis.Redis):
        asked = 0

        def execute_command(self, *_args: object, **_options: object) -> None:
            self.asked += 1
            raise redis.ConnectionError

    with Away() as away:
        store = TokenStore("token", Mint(), away)
        assert [store.get(), store.get()] == ["t1", "t1"]
        store.reject("t1")
        assert store.get() == "t2"
        assert away.asked == 1


def test_a_client_that_decodes_replies_serves_as_well(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url, decode_responses=True) as decoding:
        store = TokenStore("token", Mint(), decoding)
        assert [store.get(), store.get()] == ["t1", "t1"]


def test_the_token_leaves_redis_when_it_dies(shared: redis.Redis) -> None:
    TokenStore("token", Mint(seconds=7200), shared).get()
    ttl = shared.ttl("token")
    assert isinstance(ttl, int)
    assert 7100 < ttl <= 7200
