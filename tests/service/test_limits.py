"""Rate limits: by person and by address, in one step, and never in the way when Redis is away."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
import redis
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from runtime import wiring
from runtime.settings import load
from service import limits
from service.limits import Limit, Limiter, address_of
from tests.service.house import LAMP, House
from tests.service.test_problems import problem
from village.errors import TooMany

NOBODY_HOME = "redis://127.0.0.1:9/0"
BODY = {"village": "990101", "text": LAMP}
PROXIES = (ip_network("10.0.0.0/8"),)


@pytest.fixture
def strict(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Two requests an hour for a person, three for an address."""
    table = {
        **limits.table(),
        ("submit", "person"): Limit(2, 3600),
        ("submit", "address"): Limit(3, 3600),
    }
    monkeypatch.setattr(limits, "table", lambda: table)
    use(house, Limiter(house.context.redis, "a key"))
    return house


def use(house: House, limiter: Limiter) -> None:
    house.app.extensions["wuzhan"] = replace(house.context, limits=limiter)


def statuses(house: House, caller: str, times: int, **options: Any) -> list[int]:
    return [house.post("/requests", caller, BODY, **options).status_code for _ in range(times)]


def test_a_person_is_told_to_wait_and_how_long(strict: House) -> None:
    assert statuses(strict, "u041", 2) == [201, 201]
    answer = strict.post("/requests", "u041", BODY)
    body = problem(answer, 429, "too_many_requests")
    assert body["title"] == "操作太快了，请歇一会儿再试"
    assert 1700 < int(answer.headers["Retry-After"]) <= 1800
    assert strict.get("/requests", "u041").status_code == 200


def test_an_address_has_a_limit_of_its_own(strict: House) -> None:
    assert statuses(strict, "u041", 2) == [201, 201]
    assert statuses(strict, "u045", 2) == [201, 429]


def test_what_is_exact_is_not_scaled(house: House) -> None:
    use(house, Limiter(house.context.redis, "a key", scale=1000, exact=wiring.DEMO_EXACT))
    hint = {"village": "990101", "text": ""}
    asked = [house.post("/routing/preview", "u041", hint).status_code for _ in range(31)]
    assert asked == [200] * 30 + [429]
    assert statuses(house, "u041", 31) == [201] * 31


def test_the_demo_scales_all_but_the_hint(house: House) -> None:
    settings = load().with_values(
        demo=True, rate_scale=50.0, redis_url="redis://", secret_key="-" * 16
    )
    limiter = wiring._limiter(settings)
    assert (limiter._scale, limiter._exact) == (50.0, ("preview",))
    assert wiring._limiter(settings.with_values(demo=False))._exact == ()


def test_a_refused_call_is_charged_to_nobody(strict: House) -> None:
    """The person is over her limit: her calls do not eat up the address's."""
    assert statuses(strict, "u041", 5) == [201, 201, 429, 429, 429]
    assert statuses(strict, "u045", 1) == [201]


def test_a_refusal_is_not_kept_under_the_key(strict: House) -> None:
    keyed = {"headers": {"Idempotency-Key": "a"}}
    assert statuses(strict, "u041", 2) == [201, 201]
    assert statuses(strict, "u041", 1, **keyed) == [429]
    strict.context.redis.flushdb()
    answer = strict.post("/requests", "u041", BODY, **keyed)
    assert (answer.status_code, "Idempotency-Replayed" in answer.headers) == (201, False)


def test_a_repeated_call_is_not_charged_as_a_new_request(strict: House) -> None:
    keyed = {"headers": {"Idempotency-Key": "a"}}
    assert statuses(strict, "u041", 5, **keyed) == [201] * 5
    assert statuses(strict, "u041", 2) == [201, 429]


def test_many_at_once_get_no_more_than_the_limit(strict: House) -> None:
    strict.login("u041")
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: statuses(strict, "u041", 1)[0], range(6)))
    assert sorted(found) == [201, 201, 429, 429, 429, 429]


def test_one_is_let_in_again_when_the_time_has_passed(strict: House) -> None:
    assert statuses(strict, "u041", 3) == [201, 201, 429]
    for key in strict.context.redis.scan_iter(f"{limits.PREFIX}:submit:*"):
        value = float(strict.context.redis.get(key))
        strict.context.redis.set(key, value - 1_801_000)
    assert statuses(strict, "u041", 2) == [201, 429]


def test_what_is_counted_goes_away_by_itself_and_names_nobody(strict: House) -> None:
    statuses(strict, "u041", 1)
    keys = list(strict.context.redis.scan_iter(f"{limits.PREFIX}:*:*"))
    assert keys
    for key in keys:
        assert 0 < strict.context.redis.pttl(key) <= 3_600_000
        assert b"127.0.0.1" not in key


def test_settings_scale_it(strict: House) -> None:
    use(strict, Limiter(strict.context.redis, "a key", scale=2))
    assert statuses(strict, "u041", 5) == [201, 201, 201, 201, 429]


def test_without_redis_all_calls_are_let_through_with_an_alarm(
    strict: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "service.limits")
    with redis.Redis.from_url(NOBODY_HOME, socket_connect_timeout=0.2) as away:
        limiter = Limiter(away, "a key")
        use(strict, limiter)
        assert statuses(strict, "u041", 4) == [201] * 4
        assert [r.message for r in caplog.records] == ["rate limits are off: Redis is away"]
        strict.app.extensions["wuzhan"] = replace(strict.context, redis=away)
        assert "wuzhan_rate_limits_on 0.0" in strict.client.get("/metrics").text


def test_the_metrics_say_how_many_were_refused_and_how_many_were_not_counted(
    strict: House,
) -> None:
    strict.login("u041")
    limiter = Limiter(strict.context.redis, "a key")
    limiter._let_through(redis.ConnectionError())
    use(strict, limiter)
    statuses(strict, "u041", 3)  # Redis is left in peace for some seconds
    limiter._rests_until = 0.0
    assert statuses(strict, "u041", 3) == [201, 201, 429]
    text = strict.client.get("/metrics").text
    assert "wuzhan_rate_limits_on 1.0" in text
    assert 'wuzhan_calls_refused_total{class="submit"} 1.0' in text
    assert "wuzhan_calls_unchecked_total 4.0" in text


def called(remote: str, *forwarded: str) -> Request:
    headers = [("X-Forwarded-For", value) for value in forwarded]
    environ = EnvironBuilder(headers=headers, environ_base={"REMOTE_ADDR": remote}).get_environ()
    return Request(environ)


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("1.2.3.4", [], "1.2.3.4"),
        ("1.2.3.4", ["5.6.7.8"], "1.2.3.4"),  # a header that anybody can write
        ("10.0.0.1", ["5.6.7.8"], "5.6.7.8"),
        ("10.0.0.1", ["9.9.9.9, 5.6.7.8"], "5.6.7.8"),
        ("10.0.0.1", ["9.9.9.9", "5.6.7.8, 10.0.0.2"], "5.6.7.8"),
        ("10.0.0.1", ["nonsense, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("::ffff:1.2.3.4", [], "1.2.3.4"),
        ("2001:db8::1", [], "2001:db8::/64"),
        ("2001:db8::ffff:1", [], "2001:db8::/64"),
        ("", [], "unknown"),
    ],
)
def test_only_our_own_proxies_are_believed(remote: str, forwarded: list[str], address: str) -> None:
    assert address_of(called(remote, *forwarded), PROXIES) == address  # type: ignore[arg-type]


def test_the_data_gives_an_address_more_than_a_person() -> None:
    table = limits.table()
    for (name, who), limit in table.items():
        assert limit.calls > 0
        assert limit.seconds > 0
        if who == "person":
            assert table[name, "address"].calls >= 10 * limit.calls


def test_every_endpoint_has_a_limit(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A class that the data does not name would be no limit at all."""
    asked: set[str] = set()

    class Noting(Limiter):
        def check(self, name: str, *rest: Any) -> None:
            asked.add(name)
            raise TooMany(1)

    use(house, Noting(house.context.redis, "a key"))
    headers = {"Authorization": "Bearer x"}
    for rule in house.app.url_map.iter_rules():
        if rule.rule in ("/api/v1/auth/wechat", "/api/v1/villages", "/api/v1/bootstrap"):
            method = "POST" if "auth" in rule.rule else "GET"
            answer = house.client.open(rule.rule, method=method, headers=headers)
            assert answer.status_code == 429, rule.rule
    assert asked == {"login", "read"}
    assert {name for name, _ in limits.table()} >= {"read", "write", "submit", "login"}
