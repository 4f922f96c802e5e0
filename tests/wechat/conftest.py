"""A stand-in on a free port, a client of it, and a clock that tests can move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from tests.wechat.stand_in import APPID, SECRET, TEMPLATES, MovableClock, Sandbox
from wechat.client import WechatClient
from wechat.sandbox import create_sandbox, running


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def sandbox(clock: MovableClock) -> Iterator[Sandbox]:
    """A strict stand-in with two templates and no free grants."""
    with running(create_sandbox(APPID, SECRET, templates=TEMPLATES, clock=clock)) as url:
        sandbox = Sandbox(url)
        yield sandbox
        sandbox.http.close()


@pytest.fixture
def shared(redis_url: str) -> Iterator[redis.Redis]:
    """An empty Redis database."""
    with redis.Redis.from_url(redis_url, socket_timeout=2) as client:
        yield client


@pytest.fixture
def new_client(sandbox: Sandbox) -> Iterator[Callable[..., WechatClient]]:
    """Makes clients of the stand-in, and closes them after the test."""
    made: list[WechatClient] = []

    def make(redis_client: redis.Redis | None = None, **options: Any) -> WechatClient:
        url = options.pop("url", sandbox.url)
        made.append(WechatClient(url, APPID, SECRET, redis_client, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()
