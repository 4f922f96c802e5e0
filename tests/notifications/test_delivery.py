"""A line on its way to a phone: at most once, retried only when it certainly did not arrive."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from notifications import jobs
from notifications.delivery import PAGES, judge
from notifications.sweeps import close_stuck
from tests.notifications.house import Context, House, openid_of
from tests.wechat.stand_in import SEND, STABLE_TOKEN, Sandbox
from village import clock, outbox
from village.access import Actor
from village.db import transaction
from village.models import Outbox
from wechat.client import WechatClient
from wechat.errors import Busy, Unavailable, error_for

TEMPLATE = "demo-template-N02"


@pytest.fixture
def villager(house: House, context: Context) -> Actor:
    """A villager whose request was accepted: one delivery waits for her."""
    return told_villager(house, context)


def told_villager(house: House, context: Context, *, phone: bool = True) -> Actor:
    villager = house.person("何大娘", phone=phone)
    head = house.person("站长", ("head", "public_works"), phone=False)
    request = house.submit(villager)
    house.act(request, "accept", head)
    house.work(context, "notify.tell")
    return villager


def received(sandbox: Sandbox, person: Actor) -> list[dict[str, Any]]:
    return sandbox.messages(openid_of(person.person_id))


def state(house: House, person: Actor) -> tuple[str, str | None]:
    [delivery] = house.deliveries(person)
    return delivery.status, delivery.error


def test_a_line_arrives_on_the_phone_with_wechats_keys(
    house: House, context: Context, sandbox: Sandbox, villager: Actor
) -> None:
    house.work(context)
    [message] = received(sandbox, villager)
    [line] = [line for line in house.inbox(villager) if line.template == "N02"]
    assert message["template_id"] == TEMPLATE
    assert message["data"] == {
        "thing1": line.fields["matter"],
        "phrase2": "已受理",
        "thing3": line.fields["unit"],
        "time4": line.fields["due"],
    }
    [delivery] = house.deliveries(villager)
    assert (delivery.status, delivery.provider_id) == ("sent", message["msgid"])
    assert (delivery.attempts, delivery.error) == (1, None)
    assert delivery.finished_at is not None


def test_a_doubled_job_sends_once(
    house: House, context: Context, sandbox: Sandbox, villager: Actor
) -> None:
    [delivery] = house.deliveries(villager)
    with transaction(house.engine) as session:
        outbox.put(session, "slow.deliver", delivery.id)
    house.work(context)
    assert len(received(sandbox, villager)) == 1


def test_the_call_is_made_without_a_database_connection(
    house: House, context: Context, sandbox: Sandbox, villager: Actor
) -> None:
    held: list[int] = []
    send = context.wechat.send_subscribe_message

    def look_and_send(*facts: Any) -> str:
        pool: Any = house.engine.pool
        held.append(pool.checkedout())
        return send(*facts)

    context.wechat.send_subscribe_message = look_and_send  # type: ignore[method-assign]
    house.work(context)
    assert held
    assert set(held) == {0}


def test_without_a_grant_the_inbox_line_stands_alone(
    house: House, context: Context, sandbox: Sandbox, villager: Actor
) -> None:
    sandbox.grant(openid_of(villager.person_id), TEMPLATE, 0)
    house.work(context)
    assert state(house, villager) == ("unavailable", "43101")
    assert house.waiting("slow.deliver") == []
    assert house.titles(villager)[-1] == "已受理"


def test_without_a_phone_nothing_is_called(
    house: House, context: Context, sandbox: Sandbox
) -> None:
    villager = told_villager(house, context, phone=False)
    house.work(context)
    assert state(house, villager) == ("unavailable", "no_openid")
    assert sandbox.calls(SEND) == 0


def test_a_busy_wechat_is_asked_again_and_the_message_arrives_once(
    house: House, context: Context, sandbox: Sandbox, villager: Actor
) -> None:
    sandbox.fault(SEND, errcode=-1, times=2)
    house.work(context)
    assert state(house, villager) == ("pending", "-1")
    [row] = house.waiting("slow.deliver")
    assert timedelta(0) < row.due_at - clock.wall() <= timedelta(seconds=30)
    house.let_time_pass()
    house.work(context)
    assert state(house, villager) == ("sent", None)
    assert len(received(sandbox, villager)) == 1


def test_two_messages_to_one_phone_at_once_do_not_lose_one(
    house: House, context: Context, sandbox: Sandbox, villager: Actor
) -> None:
    sandbox.fault(SEND, errcode=43108)
    house.work(context)
    [row] = house.waiting("slow.deliver")
    assert row.due_at - clock.wall() <= timedelta(seconds=1)
    house.let_time_pass()
    house.work(context)
    assert len(received(sandbox, villager)) == 1


def test_after_the_last_try_it_has_failed(
    house: House, context: Context, sandbox: Sandbox, villager: Actor
) -> None:
    sandbox.fault(SEND, errcode=-1, times=100)
    house.work(context)
    while house.waiting("slow.deliver"):
        house.let_time_pass()
        house.work(context)
    assert state(house, villager) == ("failed", "-1")
    assert house.deliveries(villager)[0].attempts == sandbox.calls(SEND) == 7


def test_no_answer_may_mean_that_it_arrived_so_it_is_not_sent_again(
    house: House, context: Context, sandbox: Sandbox, villager: Actor
) -> None:
    sandbox.fault(SEND, delay_ms=1500)
    house.work(context)
    house.let_time_pass()
    house.work(context)
    assert state(house, villager) == ("failed", "unknown_outcome")
    assert sandbox.calls(SEND) == 1


def test_what_failed_before_the_call_is_tried_again(
    house: House, context: Context, sandbox: Sandbox, villager: Actor
) -> None:
    sandbox.fault(STABLE_TOKEN, delay_ms=1500)
    house.work(context)
    assert state(house, villager) == ("sent", None)
    assert house.deliveries(villager)[0].attempts == 2
    assert len(received(sandbox, villager)) == 1


def test_an_unreachable_wechat_is_tried_again(
    house: House, context: Context, villager: Actor, sandbox: Sandbox
) -> None:
    nowhere = WechatClient("http://127.0.0.1:9", "a", "b", None, timeout=(0.5, 0.5))
    house.work(Context(house.engine, nowhere))
    nowhere.close()
    assert state(house, villager)[0] == "pending"
    house.let_time_pass()
    house.work(context)
    assert len(received(sandbox, villager)) == 1


@pytest.mark.parametrize("code", [47003, 40037, 41030, 40003, 99999])
def test_a_final_refusal_calls_for_a_person_and_names_nobody(
    house: House,
    context: Context,
    sandbox: Sandbox,
    villager: Actor,
    caplog: pytest.LogCaptureFixture,
    code: int,
) -> None:
    sandbox.fault(SEND, errcode=code)
    with caplog.at_level(logging.INFO):
        house.work(context)
    assert state(house, villager) == ("failed", str(code))
    [record] = [record for record in caplog.records if record.name == "notifications.delivery"]
    assert record.levelno == logging.ERROR
    for secret in (openid_of(villager.person_id), "何大娘", "路灯"):
        assert secret not in str(record.__dict__)


class Killed(BaseException):
    """The process ends here."""


def test_killed_between_call_and_record_it_is_not_sent_again(
    house: House, context: Context, sandbox: Sandbox, villager: Actor
) -> None:
    send = context.wechat.send_subscribe_message

    def send_and_die(*facts: Any) -> str:
        send(*facts)
        raise Killed

    context.wechat.send_subscribe_message = send_and_die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        house.work(context)
    assert state(house, villager) == ("sending", None)
    context.wechat.send_subscribe_message = send  # type: ignore[method-assign]
    again(house, context, villager)
    assert sweep(house) == 0  # it may still be under way
    age_jobs(house)
    assert sweep(house) == 1
    assert state(house, villager) == ("failed", "unknown_outcome")
    again(house, context, villager)
    assert len(received(sandbox, villager)) == 1


def again(house: House, context: Context, person: Actor) -> None:
    """Do the delivery's job once more, as a relay would that lost count."""
    [delivery] = house.deliveries(person)
    with transaction(house.engine) as session:
        after = jobs.deliver(context, session, delivery.id)
    assert after is None


def sweep(house: House) -> int:
    with transaction(house.engine) as session:
        return close_stuck(session)


def age_jobs(house: House) -> None:
    with transaction(house.engine) as session:
        session.execute(sa.update(Outbox).values(done_at=clock.wall() - timedelta(seconds=61)))


def test_what_the_sweep_has_closed_stays_closed_when_the_answer_comes_late(
    house: House, context: Context, villager: Actor
) -> None:
    send = context.wechat.send_subscribe_message

    def send_slowly(*facts: Any) -> str:
        age_jobs(house)
        assert sweep(house) == 1
        return send(*facts)

    context.wechat.send_subscribe_message = send_slowly  # type: ignore[method-assign]
    house.work(context)
    assert state(house, villager) == ("failed", "unknown_outcome")


def test_the_sweep_leaves_what_is_not_under_way(
    house: House, context: Context, villager: Actor
) -> None:
    age_jobs(house)
    assert sweep(house) == 0
    assert state(house, villager) == ("pending", None)


def test_a_tap_opens_a_page_that_the_phone_has() -> None:
    file = Path(__file__).parents[2] / "miniprogram" / "src" / "pages.json"
    known = {page["path"] for page in json.loads(file.read_text("utf-8"))["pages"]}
    assert set(PAGES.values()) <= known


def test_retries_wait_longer_each_time_and_end() -> None:
    waits = [judge(Busy(-1), attempt).retry_in for attempt in range(1, 8)]
    seconds = [wait.total_seconds() if wait is not None else None for wait in waits]
    assert seconds == [0, 30, 120, 600, 1800, 7200, None]


def test_wechats_own_wish_for_rest_is_respected() -> None:
    assert judge(error_for(45009), 1).retry_in == timedelta(hours=1)
    assert judge(error_for(43108), 4).retry_in == timedelta(minutes=10)


def test_a_server_error_may_have_been_delivered() -> None:
    assert judge(Unavailable(502, "HTTP 502"), 1).error == "unknown_outcome"
