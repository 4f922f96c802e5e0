"""Who is told what of an event, and that nobody is told twice."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from notifications import jobs
from tests.engines import recorded
from tests.notifications.house import THE_SYSTEM, Context, House
from village.access import Actor
from village.db import transaction
from village.models import Delivery, Notification
from village.workflow.engine import apply, trace_id
from village.workflow.offer import OFFER

WORKS = "public_works"


@pytest.fixture
def villager(house: House) -> Actor:
    return house.person("何大娘")


@pytest.fixture
def head(house: House) -> Actor:
    return house.person("站长", ("head", WORKS))


def tell(context: Context, house: House) -> None:
    house.work(context, "notify.tell")


def test_a_submitted_request_is_told_to_requester_head_and_deputy_in_term(
    house: House, context: Context, villager: Actor, head: Actor
) -> None:
    deputy = house.person("副站长", ("deputy", WORKS))
    former = house.person("前站长", ("head", WORKS), days=-1)
    elsewhere = house.person("别站站长", ("head", "culture"))
    chair = house.person("会长", ("chair", None))
    house.submit(villager)
    tell(context, house)
    assert house.titles(villager) == ["已提交"]
    assert house.titles(head) == house.titles(deputy) == ["新事项待受理"]
    assert [house.titles(person) for person in (former, elsewhere, chair)] == [[], [], []]


def test_what_is_in_triage_is_told_to_the_chair(
    house: House, context: Context, villager: Actor, head: Actor
) -> None:
    chair = house.person("会长", ("chair", None))
    house.submit(villager, None)
    tell(context, house)
    assert house.titles(chair) == ["新事项待分派"]
    assert house.titles(head) == []


def test_unconfirmed_danger_without_a_station_is_told_to_all_heads_and_the_chair(
    house: House, context: Context, villager: Actor, head: Actor
) -> None:
    other = house.person("别站站长", ("deputy", "culture"))
    chair = house.person("会长", ("chair", None))
    request = house.submit(villager, None, action="hold", emergency={"numbers": []})
    house.act(request, "presume_danger", THE_SYSTEM)
    tell(context, house)
    assert house.titles(head) == house.titles(other) == house.titles(chair) == ["急事请马上查看"]
    assert house.titles(villager) == ["已请人尽快联系您"]


def test_who_acts_hears_nothing_of_her_own_step(
    house: House, context: Context, villager: Actor
) -> None:
    both = house.person("会长兼站长", ("chair", None), ("head", WORKS))
    request = house.submit(villager, None)
    house.act(request, "route", both, station=WORKS, reason="路灯")
    tell(context, house)
    assert house.titles(both) == ["新事项待分派"]
    assert house.titles(villager) == ["已提交", "已转给办理的站"]


def test_a_head_who_asks_for_help_gets_the_receipt_alone(
    house: House, context: Context, head: Actor
) -> None:
    house.submit(head)
    tell(context, house)
    assert [line.template for line in house.inbox(head)] == ["N01"]


def test_a_person_in_two_audiences_hears_once_as_the_first(
    house: House, context: Context, villager: Actor, head: Actor
) -> None:
    both = house.person("会长兼站长", ("chair", None), ("head", WORKS))
    request = house.submit(villager)
    house.act(request, "accept", head)
    house.act(request, "dispatch", head)
    house.act(request, "give_up", THE_SYSTEM)
    tell(context, house)
    assert house.titles(both)[-1] == "暂时没有找到志愿者"
    assert "再找一次" in house.inbox(both)[-1].text


def test_events_told_together_are_told_as_they_would_be_one_by_one(
    house: House, context: Context, villager: Actor, head: Actor
) -> None:
    other, chair = (
        house.person("别站站长", ("head", "culture")),
        house.person("会长", ("chair", None)),
    )
    helper, neighbour = house.volunteer("赵帮手"), house.person("李大爷")
    first, second = house.submit(villager), house.submit(neighbour, None)
    house.act(first, "accept", head)
    house.act(first, "dispatch", head)
    house.take_place(first, helper)
    house.act(second, "route", chair, station="culture", reason="唱歌")
    event_ids = [row.subject_id for row in house.waiting("notify.tell")]
    with transaction(house.engine) as session:
        jobs.tell_all(context, session, event_ids)
    everybody = (villager, neighbour, head, other, chair, helper)
    together = [house.titles(person) for person in everybody]
    with transaction(house.engine) as session:
        for model in (Delivery, Notification):
            session.execute(sa.delete(model))
    tell(context, house)
    assert [house.titles(person) for person in everybody] == together
    assert all(together)


def test_telling_three_times_writes_one_line_and_one_delivery(
    house: House, context: Context, villager: Actor, head: Actor
) -> None:
    request = house.submit(villager)
    [event_id] = house.events(request, "submit")
    for _ in range(3):
        with transaction(house.engine) as session:
            jobs.tell(context, session, event_id)
    assert len(house.inbox(villager)) == len(house.inbox(head)) == 1
    assert len(house.deliveries(head)) == len(house.waiting("slow.deliver")) == 1


def test_two_tells_at_once_write_one_line_and_one_delivery(
    house: House, context: Context, villager: Actor, head: Actor
) -> None:
    request = house.submit(villager)
    [event_id] = house.events(request, "submit")

    def tell_too() -> None:
        with transaction(house.engine) as session:
            jobs.tell(context, session, event_id)

    with ThreadPoolExecutor(1) as pool:
        with transaction(house.engine) as session:
            jobs.tell(context, session, event_id)
            second = pool.submit(tell_too)
            wait_until_somebody_waits(house)
        second.result(timeout=10)
    assert len(house.inbox(villager)) == len(house.inbox(head)) == 1
    assert len(house.deliveries(head)) == len(house.waiting("slow.deliver")) == 1


def wait_until_somebody_waits(house: House) -> None:
    """Return when a statement in the database waits for another transaction's lock."""
    for _ in range(1000):
        with house.engine.connect() as link:
            if link.scalar(sa.text("select count(*) from pg_locks where not granted")):
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits for the first tell")


def test_the_calls_request_id_goes_with_the_delivery(
    house: House, context: Context, villager: Actor, head: Actor
) -> None:
    token = trace_id.set("req-7")
    house.submit(villager)
    trace_id.reset(token)
    tell(context, house)
    assert [row.trace for row in house.waiting("slow.deliver")] == ["req-7"]


def test_a_receipt_is_not_pushed(house: House, context: Context, villager: Actor) -> None:
    house.submit(villager)
    tell(context, house)
    assert house.inbox(villager)[0].template == "N01"
    assert house.deliveries(villager) == []


def test_volunteers_are_invited_and_thanked_kindly_without_a_push(
    house: House, context: Context, villager: Actor, head: Actor
) -> None:
    first, second = house.volunteer("小刘"), house.volunteer("小陈")
    request = house.submit(villager)
    house.act(request, "accept", head)
    house.act(request, "dispatch", head, task={"people_needed": 1})
    offer = house.invite(request, second)
    house.take_place(request, first)
    with transaction(house.engine) as session:
        apply(session, OFFER, offer.id, "take_back", actor=THE_SYSTEM)
    tell(context, house)
    assert house.titles(second) == ["想请您帮个忙", "这次不用麻烦您了"]
    assert [line.offer_id for line in house.inbox(second)] == [offer.id, offer.id]
    assert len(house.deliveries(second)) == 1
    assert "志愿者1人" in house.inbox(villager)[-1].text


def test_work_sent_back_is_told_to_those_who_hold_its_places(
    house: House, context: Context, villager: Actor, head: Actor
) -> None:
    worker, asked = house.volunteer("小刘"), house.volunteer("小陈")
    request = house.submit(villager)
    house.act(request, "accept", head)
    house.act(request, "dispatch", head, task={"people_needed": 1})
    house.invite(request, asked)
    house.take_place(request, worker)
    house.act(request, "start", THE_SYSTEM)
    house.act(request, "submit_result", THE_SYSTEM, result="换了灯泡")
    house.act(request, "send_back", head, reason="还有一盏")
    tell(context, house)
    assert house.titles(worker)[-1] == "请再处理一下"
    assert "请再处理一下" not in house.titles(asked)


def test_who_is_noted_as_there_by_the_station_hears_of_it(
    house: House, context: Context, villager: Actor, head: Actor
) -> None:
    worker = house.volunteer("小刘")
    request = house.submit(villager)
    house.act(request, "accept", head)
    house.act(request, "dispatch", head, task={"people_needed": 1})
    house.take_place(request, worker)
    house.act(request, "start", head)
    tell(context, house)
    assert house.titles(worker)[-1] == "站里记下您到了"


def test_a_draft_that_is_taken_back_is_nobodys_business(
    house: House, context: Context, villager: Actor, head: Actor
) -> None:
    request = house.submit(villager, action="hold")
    house.act(request, "withdraw", villager)
    tell(context, house)
    assert house.titles(head) == []


def test_a_transfer_is_told_to_the_station_it_names_wherever_the_request_is_now(
    house: House, context: Context, villager: Actor, head: Actor
) -> None:
    chair = house.person("会长", ("chair", None))
    culture = house.person("别站站长", ("head", "culture"))
    request = house.submit(villager)
    house.act(request, "route", chair, station="culture", reason="试试")
    house.act(request, "route", chair, station=WORKS, reason="还是你们")
    tell(context, house)
    assert house.titles(culture) == ["新事项待受理"]
    assert house.titles(head) == ["新事项待受理", "新事项待受理"]


@pytest.mark.parametrize("many", [1, 5])
def test_telling_takes_few_statements_for_many_as_for_one(
    house: House, context: Context, villager: Actor, head: Actor, many: int
) -> None:
    event_ids = [house.events(house.submit(villager), "submit")[0] for _ in range(many)]
    with recorded(house.engine) as statements, transaction(house.engine) as session:
        jobs.tell_all(context, session, event_ids)
    assert len(statements) <= 5, statements
    assert len(house.titles(head)) == len(house.deliveries(head)) == many
