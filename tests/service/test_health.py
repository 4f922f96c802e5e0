"""Readiness, metrics, and what still works when something else does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import redis

from dispatch.routing import model
from runtime import local
from service import metrics
from service.health import HEARTBEAT_KEY, QUEUES
from tests.conftest import fill
from tests.service.house import LAMP, House, house_on
from tests.service.test_problems import problem
from tests.village.town import stepped
from village import clock, keyed, workdays
from village.db import transaction
from wechat.client import WechatClient

NOBODY_HOME = "redis://127.0.0.1:9/0"


def ready(house: House) -> tuple[int, str, dict[str, str]]:
    answer = house.client.get("/readyz")
    body = answer.json
    assert body is not None
    states = {name: check["state"] for name, check in body["checks"].items()}
    return answer.status_code, body["status"], states


def beat(house: House) -> None:
    for queue in QUEUES:
        house.context.redis.set(HEARTBEAT_KEY.format(queue=queue), "1", ex=60)


def test_all_is_well_when_every_part_answers(house: House) -> None:
    beat(house)
    code, status, states = ready(house)
    assert (code, status, set(states.values())) == (200, "ok", {"ok"})
    assert states.keys() >= {"database", "migrations", "redis", "workers", "outbox"}


def test_intake_goes_on_without_workers(house: House) -> None:
    code, status, states = ready(house)
    assert (code, status, states["workers"]) == (200, "degraded", "degraded")
    assert house.submit()["status"] == "submitted"


def test_intake_goes_on_without_redis(house: House) -> None:
    with redis.Redis.from_url(NOBODY_HOME, socket_connect_timeout=0.2) as away:
        house.app.extensions["wuzhan"] = replace(house.context, redis=away)
        code, status, states = ready(house)
        assert (code, status) == (200, "degraded")
        assert {name for name, state in states.items() if state == "down"} == {"redis", "workers"}
        assert house.submit()["status"] == "submitted"


def test_work_that_lies_about_is_seen(house: House) -> None:
    beat(house)
    house.submit()
    house.rows("update outbox set due_at = now() - interval '3 minutes'")
    code, status, states = ready(house)
    assert (code, status, states["outbox"]) == (200, "degraded", "degraded")


def test_an_old_schema_is_not_ready_and_a_newer_one_is(house: House) -> None:
    beat(house)
    house.rows("update alembic_version set version_num = '9999'")
    assert ready(house)[:2] == (200, "ok")
    house.rows("update alembic_version set version_num = '0000'")
    code, status, states = ready(house)
    assert (code, status, states["migrations"]) == (503, "down", "down")


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[local.LocalServer]:
    """A PostgreSQL of this test's own, which it may stop."""
    tmp_path.chmod(0o711)
    server = local.start_postgres(tmp_path, durable=False, tied=True)
    fill(server.url)
    yield server
    server.stop()


def test_without_the_database_calls_are_unavailable_until_it_is_back(
    tmp_path: Path, own_postgres: local.LocalServer, redis_url: str, wechat: WechatClient
) -> None:
    with house_on(own_postgres.url, redis_url, wechat) as house:
        house.login("u041")
        beat(house)
        assert ready(house)[:2] == (200, "ok")
        assert house.get("/villages").status_code == 200
        own_postgres.stop()
        for _ in range(2):
            body = {"village": "990101", "text": LAMP}
            problem(house.post("/requests", "u041", body), 503, "unavailable")
            problem(house.get("/requests", "u041"), 503, "unavailable")
            problem(house.client.get("/metrics"), 503, "unavailable")
        code, status, states = ready(house)
        assert (code, status, states["database"]) == (503, "down", "down")
        assert house.client.get("/healthz").json == {"status": "ok"}
        assert house.get("/villages").status_code == 200
        again = local.start_postgres(tmp_path, durable=False, tied=True)
        assert house.submit()["status"] == "submitted"
        assert ready(house)[:2] == (200, "ok")
    again.stop()


def test_metrics_count_what_there_is(house: House) -> None:
    house.submit()
    house.rows("update outbox set due_at = now() - interval '90 seconds'")
    text = house.client.get("/metrics").text
    assert 'wuzhan_requests{status="submitted"} 1.0' in text
    assert 'wuzhan_outbox_open{queue="notify"} 1.0' in text
    age = next(line for line in text.splitlines() if line.startswith("wuzhan_outbox_age_seconds "))
    assert 90 <= float(age.split()[1]) < 150


def figures(house: House) -> dict[str, float]:
    """What /metrics says now: the figures that are kept for some seconds are asked for again."""
    metrics.KEPT.clear()
    lines = house.client.get("/metrics").text.splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def test_metrics_tell_what_is_overdue_and_how_long_it_waits(house: House) -> None:
    first, second = house.submit(), house.submit(text="村委会门口的路灯坏了一盏。")
    house.done(f"/requests/{second['id']}/accept", "u006")
    house.rows("update requests set submitted_at = submitted_at - interval '3 hours'")
    told = figures(house)
    age = told['wuzhan_requests_oldest_seconds{status="submitted"}']
    assert age == pytest.approx(3 * 3600, abs=120)
    late = ("wuzhan_requests_late_response", "wuzhan_requests_late_resolve")
    states = [f'{name}{{status="{state}"}}' for name in late for state in ("submitted", "accepted")]
    assert [told[name] for name in states] == [0, 0, 0, 0]
    house.rows("update requests set first_response_due = '2020-1-1', resolve_due = '2020-1-1'")
    told = figures(house)
    # The head has answered the second one; both are unsolved.
    assert [told[name] for name in states] == [1, 0, 1, 1]
    house.rows("update requests set paused_at = now(), no_volunteer = true where id = :id",
               id=first["id"])  # fmt: skip
    told = figures(house)
    assert [told[name] for name in states] == [1, 0, 0, 1]
    assert told['wuzhan_requests_no_volunteer{status="submitted"}'] == 1
    house.done(f"/requests/{first['id']}/withdraw", "u041")
    assert 'wuzhan_requests_late_response{status="submitted"}' not in figures(house)


def test_metrics_tell_the_share_of_triage_in_a_day(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.submit()
    house.submit(text="那个事情怎么办")
    told = figures(house)
    assert told['wuzhan_intake_day{decision="routed"}'] == 1
    assert told['wuzhan_intake_day{decision="triage"}'] == 1
    monkeypatch.setattr(metrics, "DAY", timedelta(seconds=-1))
    assert 'wuzhan_intake_day{decision="triage"}' not in figures(house)


def test_metrics_tell_apart_what_is_tried_again_and_what_was_given_up(house: House) -> None:
    house.submit()
    house.rows("update outbox set attempts = 3, due_at = now() - interval '90 seconds'")
    told = figures(house)
    assert told['wuzhan_outbox_retrying{queue="notify"}'] == 1
    assert 90 <= told['wuzhan_outbox_queue_age_seconds{queue="notify"}'] < 150
    house.rows("update outbox set failed_at = now()")
    told = figures(house)
    assert told['wuzhan_outbox_failed{queue="notify"}'] == 1
    assert told['wuzhan_outbox_retrying{queue="notify"}'] == 0
    assert told["wuzhan_outbox_age_seconds"] == 0


def test_scrapes_that_follow_each_other_ask_the_database_once(
    house: House,
    statements: Callable[[], AbstractContextManager[list[str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house.submit()
    with statements() as asked:
        first = house.client.get("/metrics").text
        assert len(asked) == len(metrics.QUESTIONS)
        house.submit(text="村委会门口的路灯坏了一盏。")
        asked.clear()
        assert house.client.get("/metrics").text == first
        assert asked == []
    monkeypatch.setattr(metrics, "KEPT_SECONDS", 0.0)
    assert figures(house)['wuzhan_requests{status="submitted"}'] == 2


def test_metrics_name_no_village_station_category_or_person(house: House) -> None:
    house.submit()
    house.client.get("/metrics")
    labels = {label for question in metrics.QUESTIONS for label in question.labels}
    assert labels == {"status", "decision", "queue"}


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_metrics_are_for_this_machine(shared_house: House, address: str) -> None:
    answer = shared_house.client.get("/metrics", environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.1.9", "2001:db8::1", ""])
def test_metrics_do_not_exist_elsewhere(shared_house: House, address: str) -> None:
    answer = shared_house.client.get("/metrics", environ_base={"REMOTE_ADDR": address})
    problem(answer, 404, "not_found")


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "x-forwarded-for"])
def test_metrics_do_not_exist_behind_a_proxy(shared_house: House, header: str) -> None:
    problem(shared_house.client.get("/metrics", headers={header: "127.0.0.1"}), 404, "not_found")


def test_a_missing_or_broken_model_is_told_and_intake_goes_on(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 'wuzhan_routing_model{state="ok"} 1.0' in house.client.get("/metrics").text
    place = tmp_path / "routing.tsv"
    monkeypatch.setattr(model, "packaged", lambda: place)
    for content, state in (("", "missing"), ("half", "broken")):
        if content:
            place.write_text(content, encoding="utf-8")
        model.load.cache_clear()
        assert f'wuzhan_routing_model{{state="{state}"}} 0.0' in house.client.get("/metrics").text
        assert ready(house)[2]["routing_model"] == "degraded"
        assert house.submit(text=f"村口路灯坏了三盏，{state}")["station"] is None
    monkeypatch.undo()
    model.load.cache_clear()
    assert ready(house)[2]["routing_model"] == "ok"


def test_a_year_without_holidays_is_told(house: House, tmp_path: Path) -> None:
    assert ready(house)[2]["calendar"] == "ok"
    assert "wuzhan_calendar_missing_year 0.0" in house.client.get("/metrics").text
    own = workdays._path
    workdays.configure(tmp_path / "none.csv")
    with stepped(tmp_path):
        assert "wuzhan_calendar_missing_year 2027.0" in house.client.get("/metrics").text
        assert ready(house)[2]["calendar"] == "ok"  # nothing is wrong yet with any deadline
        clock.set_time(datetime(2027, 1, 1, tzinfo=clock.SHANGHAI), speed=0.0)
        assert ready(house)[2]["calendar"] == "degraded"
    workdays.configure(own)


@pytest.mark.parametrize(("sqlstate", "status", "code"), [
    ("XX000", 503, "unavailable"),  # what it says where a file of its own may not grow
    ("53100", 503, "unavailable"),
    ("XX001", 503, "unavailable"),
    ("25P02", 500, "error"),  # a bug of ours
])  # fmt: skip
def test_a_database_that_is_ill_is_no_bug(
    house: House, sqlstate: str, status: int, code: str
) -> None:
    house.rows(
        "create function fall_ill() returns trigger language plpgsql as $$ begin"
        f" raise exception using errcode = '{sqlstate}'; end $$"
    )
    house.rows(
        "create trigger ill before insert on requests for each row execute function fall_ill()"
    )
    body = {"village": "990101", "text": LAMP}
    problem(house.post("/requests", "u041", body), status, code)


def test_a_machine_without_the_newest_key_says_so(house: House) -> None:
    """The keys were rotated on another machine, and the file was not copied."""
    with transaction(house.context.engine) as session:
        keyed.remember(session)
    assert ready(house)[2]["keys"] == "ok"
    house.rows("insert into known_keys (name, fingerprint, first_at) values ('2', 'x', now())")
    assert ready(house)[1:] == ("degraded", {**ready(house)[2], "keys": "degraded"})
