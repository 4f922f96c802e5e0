"""Whatever makes a person able to help lets the tasks that wait for such a person ask her."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from dispatch import returns, settings, wakeups
from tests.dispatch.test_candidates import told
from tests.village.roster.files import xlsx
from tests.village.town import ALWAYS, LAMP, STATION, WEDNESDAY, Town
from village import (
    agreements,
    availability,
    clock,
    consents,
    people,
    rests,
    subscriptions,
    wishes,
)
from village.access import Actor
from village.catalog.entries import notification_templates
from village.catalog.privacy import documents
from village.models import (
    Certificate,
    Offer,
    Person,
    Place,
    Round,
    TimeOff,
    TokenFamily,
    Volunteer,
)
from village.roster import importing
from village.workflow.engine import attempt
from village.workflow.request import REQUEST

VILLAGE = "t-qingshi"
TOMORROW = WEDNESDAY + timedelta(days=1)
MONTH = timedelta(days=30)


@pytest.fixture
def waiting(town: Town) -> UUID:
    """A task for which everybody who could do it rests until tomorrow."""
    all_rest(town)
    request_id = town.bring("dispatching", people=1)
    town.work()
    assert town.offers(request_id) == []
    assert town.task(request_id).starving
    return request_id


def all_rest(town: Town) -> None:
    rest = sa.update(Volunteer).values(rest_until=TOMORROW)
    town.run(lambda session: session.execute(rest))


def asked(town: Town, request_id: UUID) -> list[UUID]:
    return [offer.person_id for offer in town.offers(request_id)]


# ---------------------------------------------------------------- what is said by people

Change = Callable[[Town, Actor], Any]


def times(**fields: Any) -> Change:
    return lambda town, who: town.run(lambda s: availability.put(s, who, fields, if_match=None))


def wish(**fields: Any) -> Change:
    return lambda town, who: town.run(lambda s: wishes.put(s, who, fields, if_match=None))


def head_ends_the_rest(town: Town, who: Actor) -> None:
    assert who.person_id is not None
    town.run(lambda s: rests.give(s, town.head, VILLAGE, STATION, who.person_id, None))


SAID: list[tuple[str, dict[str, Any], Change]] = [
    ("windows", {"windows": ()}, times(windows=list(ALWAYS))),
    ("quiet", {"quiet_from": 0, "quiet_to": 1439}, times(quiet_hours=None)),
    ("capacity", {"max_open_tasks": 0}, times(max_open_tasks=1)),
    ("back early", {"away": True}, times(time_off=[])),
    ("own rest", {"rest_until": TOMORROW}, wish(rest_until=None)),
    ("given rest", {"rest_until": TOMORROW}, head_ends_the_rest),
    ("kind", {"disliked": [LAMP]}, wish(disliked=[])),
]


@pytest.mark.parametrize(("facts", "change"), [case[1:] for case in SAID], ids=[c[0] for c in SAID])
def test_who_says_that_she_can_is_asked_at_once(
    town: Town, waiting: UUID, facts: dict[str, Any], change: Change
) -> None:
    away = facts.pop("away", False)
    helper = town.volunteer("新来的", **facts)
    if away:
        town.add(
            TimeOff(person_id=helper.person_id, starts_at=WEDNESDAY, ends_at=WEDNESDAY + MONTH)
        )
    town.round(waiting)
    town.work()
    assert asked(town, waiting) == []
    change(town, helper)
    town.work()
    assert asked(town, waiting) == [helper.person_id]


def test_a_wish_to_help_other_stations_is_thought_of_there(town: Town, waiting: UUID) -> None:
    helper = town.volunteer("别的站的", station="culture", helps_village=False)
    town.round(waiting)
    assert town.task(waiting).village_at is None
    wish(helps_village=True)(town, helper)
    town.work()
    # The head hears of it first.
    assert town.task(waiting).village_at == clock.now() + timedelta(minutes=30)
    town.later(minutes=30)
    assert asked(town, waiting) == [helper.person_id]


def test_a_wish_to_help_the_next_village_is_thought_of_there(town: Town, waiting: UUID) -> None:
    town.neighbour("t-beishan")
    helper = town.volunteer("邻村的", village="t-beishan")
    town.round(waiting)
    assert town.task(waiting).widens_at is None
    wish(next_village=True)(town, helper)
    town.work()
    # The head hears of it first.
    assert town.task(waiting).widens_at == clock.now() + timedelta(hours=1)
    town.later(hours=1)
    assert asked(town, waiting) == [helper.person_id]


# ---------------------------------------------------------------- what is done


def busy(town: Town) -> tuple[UUID, Actor]:
    """One who has all that she wants to do: her task, and herself."""
    helper = town.volunteer("忙的", max_open_tasks=1)
    task_id = town.take_place(town.bring("dispatching", people=1), helper)
    town.work()
    return task_id, helper


@pytest.mark.parametrize("does", ["complete", "release", "withdraw"])
def test_who_has_her_hands_free_again_is_asked(town: Town, does: str) -> None:
    task_id, helper = busy(town)
    clock.step(timedelta(hours=5))  # she has been asked for that one
    all_rest(town)
    awake = sa.update(Volunteer).where(Volunteer.person_id == helper.person_id)
    town.run(lambda session: session.execute(awake.values(rest_until=None)))
    request_id = town.bring("dispatching", people=1)
    town.work()
    assert asked(town, request_id) == []
    if does == "complete":
        town.check_in(task_id, helper)
        town.complete(task_id, helper)
    elif does == "release":
        town.release(task_id, helper)
    else:
        (offer,) = town.all(Offer, Offer.task_id == task_id)
        town.act(offer.request_id, "withdraw", town.villager)
    town.work()
    assert asked(town, request_id) == [helper.person_id]


COLUMNS = ["姓名", "村", "出生年", "服务站", "持证", "证书有效期至", "保险有效期"]
ROSTER: dict[str, str] = {"姓名": "新来的", "村": "青石", "出生年": "1980", "服务站": "公益事业站"}
# What is missing of her, and what the village's roster says of it.
ENTERED: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "skill": ({"skills": []}, {"持证": "电工证"}),
    "certificate": ({}, {"持证": "电工证", "证书有效期至": "2027-01-01"}),
    "membership": ({"station": "culture", "helps_village": False}, {}),
    "insurance": ({"insured_until": None}, {"保险有效期": "2027-01-01"}),
}


def set_of(who: Actor, **values: Any) -> sa.Update:
    return sa.update(Volunteer).where(Volunteer.person_id == who.person_id).values(**values)


def newcomer(town: Town, kind: str) -> Actor:
    """Somebody whom an earlier roster has brought."""
    who = town.volunteer("新来的", **ENTERED[kind][0])
    known = sa.update(Person).where(Person.id == who.person_id).values(code="r-new")
    town.run(lambda s: s.execute(known))
    if kind == "certificate":
        old = sa.update(Certificate).where(Certificate.person_id == who.person_id)
        town.run(lambda s: s.execute(old.values(valid_until=date(2026, 1, 1))))
    return who


@pytest.mark.parametrize("kind", ENTERED)
def test_what_the_roster_says_of_her_lets_her_be_asked(
    town: Town, waiting: UUID, kind: str, tmp_path: Path
) -> None:
    helper = newcomer(town, kind)
    town.round(waiting)
    assert asked(town, waiting) == []
    line = {**ROSTER, **ENTERED[kind][1]}
    file = xlsx(tmp_path / "roster.xlsx", COLUMNS, [line.get(name) for name in COLUMNS])
    said = importing.read(file, unseen)
    town.run(lambda s: importing.apply(s, said, unseen))
    town.work()
    assert asked(town, waiting) == [helper.person_id]


def unseen(things: Any, what: str, total: int) -> Any:
    return things


def test_an_agreement_that_comes_into_force_is_thought_of_by_whoever_is_short(town: Town) -> None:
    """Nobody is left to ask: without it, the search would never be looked at again."""
    town.settle("t-beishan")
    helper = town.volunteer("邻村的", village="t-beishan", next_village=True)
    request_id = town.bring("dispatching", people=2)
    town.take_place(request_id, town.helpers[0])
    for other in town.helpers[1:]:
        town.decline(town.invite(request_id, other), other)
    town.work()
    assert town.task(request_id).next_wake is None
    theirs = town.person("邻村会长", ("chair", None), unit="t-beishan")
    say = {"km": 2.0}
    town.run(lambda s: agreements.propose(s, town.chair, VILLAGE, None, "t-beishan", **say))
    town.work()
    assert town.task(request_id).next_wake is None
    town.run(lambda s: agreements.propose(s, theirs, "t-beishan", None, VILLAGE, **say))
    town.work()
    assert town.task(request_id).next_wake is not None
    town.later(hours=2)
    assert helper.person_id in asked(town, request_id)


@pytest.mark.parametrize("station", [None, STATION])
def test_settings_that_allow_more_are_thought_of_by_whoever_is_short(
    town: Town, station: str | None
) -> None:
    """The same people are asked, by another policy, once they may have more than one message."""
    say = {"day_cap": 1}
    town.run(lambda s: settings.change(s, town.chair, VILLAGE, station, say))
    request_id = town.bring("dispatching", people=1)
    for helper in town.helpers:
        told(town, helper, 1, "sent", "N08")
    town.work()
    assert asked(town, request_id) == []
    more = {"day_cap": 4, "policy": "nearest-1"}
    town.run(lambda s: settings.change(s, town.chair, VILLAGE, station, more))
    town.work()
    (offer,) = town.offers(request_id)
    assert offer.policy == "nearest-1"


def test_a_limit_that_moves_is_looked_at_at_once(town: Town) -> None:
    request_id = town.bring("dispatching", people=1)
    town.work()
    before = town.task(request_id).next_wake
    looks = len(town.all(Round, Round.task_id == town.task(request_id).id))
    clock.step(timedelta(minutes=1))
    soon = clock.now() + timedelta(hours=5)
    sent = {"number": "QT20261125-0001", "resolve": soon}
    town.run(lambda s: attempt(s, REQUEST, request_id, "take_in", payload=sent))
    assert town.request(request_id).resolve_due == soon
    town.work()
    assert len(town.all(Round, Round.task_id == town.task(request_id).id)) == looks + 1
    assert town.task(request_id).next_wake < before


def test_who_did_not_come_has_her_hands_free_for_another(town: Town) -> None:
    task_id, helper = busy(town)
    clock.step(timedelta(hours=5))
    all_rest(town)
    awake = sa.update(Volunteer).where(Volunteer.person_id == helper.person_id)
    town.run(lambda session: session.execute(awake.values(rest_until=None)))
    request_id = town.bring("dispatching", people=1)
    town.work()
    assert asked(town, request_id) == []
    (offer,) = town.all(Offer, Offer.task_id == task_id)
    late = sa.update(Place).where(Place.task_id == task_id)
    an_hour_ago = clock.now() - timedelta(hours=1)
    town.run(lambda s: s.execute(late.values(taken_at=an_hour_ago, busy=None)))
    town.run(lambda s: returns.no_show(s, offer.request_id))
    assert town.offer(offer.id).status == "no_show"
    assert town.waiting("dispatch.freed") == 1  # the task that lacks her may be of another village
    town.work()
    assert helper.person_id in asked(town, request_id)


@pytest.mark.parametrize("how", ["log in", "refresh"])
def test_one_whom_the_inbox_reaches_again_is_thought_of(
    town: Town, waiting: UUID, how: str
) -> None:
    """WeChat took no message for her, and she had not looked for days."""
    helper = town.volunteer("好久没看的")
    told(town, helper, 1, "unavailable", "N10")
    family = town.run(lambda s: people.open_family(s, helper.person_id))
    days_ago = clock.now() - timedelta(days=5)
    old = sa.update(TokenFamily).values(expires_at=days_ago + people.FAMILY_LIFE)
    town.run(lambda s: s.execute(old))
    town.work()
    town.round(waiting)
    assert asked(town, waiting) == []
    if how == "log in":
        town.run(lambda s: people.open_family(s, helper.person_id))
    else:
        town.run(lambda s: people.rotate_family(s, family.id, 0))
    town.work()
    assert asked(town, waiting) == [helper.person_id]


def refused_long_ago(town: Town) -> Actor:
    """One whom WeChat brought no invitation, and who has not looked since."""
    helper = town.volunteer("好久没看的")
    told(town, helper, 1, "unavailable", "N10")
    return helper


def lets_wechat_ask(who: Actor, document: str = "wechat_push") -> Callable[[Any], Any]:
    version = documents()[document]["version"]
    return lambda s: consents.answer(s, who, document, version, accepted=True)


def allows(who: Actor, template: str = "N10", answer: str = "accept") -> Callable[[Any], Any]:
    sent = {template_ids()[template]: answer}
    return lambda s: subscriptions.keep(s, who, sent)


def template_ids() -> dict[str, str]:
    return {row["code"]: row["wechat_template_id"] for row in notification_templates()}


@pytest.mark.parametrize("says", [lets_wechat_ask, allows])
def test_one_whom_wechat_may_reach_again_is_thought_of_where_she_helps(
    town: Town, waiting: UUID, says: Callable[[Actor], Callable[[Any], Any]]
) -> None:
    helper = refused_long_ago(town)
    skilled = brought(town, skills=["烹饪"])
    town.work()
    town.round(waiting)
    assert asked(town, waiting) == []
    clock.step(timedelta(minutes=1))
    town.run(says(helper))
    assert town.run(lambda s: wakeups.freed(s, helper.person_id)) == [waiting]
    town.work()
    assert asked(town, waiting) == [helper.person_id]
    assert asked(town, skilled) == []


@pytest.mark.parametrize(
    "says",
    [
        lambda who: lets_wechat_ask(who, "sensitive"),
        lambda who: allows(who, "N08"),
        lambda who: allows(who, answer="reject"),
    ],
)
def test_a_yes_to_something_else_wakes_nobody(
    town: Town, waiting: UUID, says: Callable[[Actor], Callable[[Any], Any]]
) -> None:
    helper = refused_long_ago(town)
    town.work()
    clock.step(timedelta(minutes=1))
    town.run(says(helper))
    assert town.waiting("dispatch.freed") == 0
    town.round(waiting)
    assert asked(town, waiting) == []


def test_who_wants_no_message_by_wechat_is_not_asked_unless_she_looks(
    town: Town, waiting: UUID
) -> None:
    helper = town.volunteer("不要推送的", max_open_tasks=0)
    no = ("wechat_push", documents()["wechat_push"]["version"])
    town.run(lambda s: consents.answer(s, helper, *no, accepted=False))
    times(max_open_tasks=2)(town, helper)
    town.work()
    assert asked(town, waiting) == []
    town.run(lambda s: people.open_family(s, helper.person_id))
    town.work()
    assert asked(town, waiting) == [helper.person_id]


# ---------------------------------------------------------------- exactly those, in this order


def brought(town: Town, **task: Any) -> UUID:
    priority = task.pop("priority", "P3")
    clock.step(timedelta(minutes=1))
    request_id = town.submit(priority=priority)
    town.act(request_id, "accept")
    town.act(request_id, "dispatch", task={"people_needed": 1, **task})
    return request_id


def test_exactly_the_waiting_tasks_that_she_can_help_the_urgent_first_then_the_oldest(
    town: Town,
) -> None:
    all_rest(town)
    helper = town.volunteer("没证的", skills=[], rest_until=TOMORROW)
    older = brought(town, skills=[])
    hers = brought(town, skills=[])
    skilled = brought(town)
    urgent = brought(town, skills=[], priority="P1")
    newer = brought(town, skills=[])
    town.work()
    town.run(lambda s: s.execute(set_of(helper, rest_until=None)))
    town.decline(town.invite(hers, helper), helper)
    assert town.run(lambda s: wakeups.freed(s, helper.person_id)) == [urgent, older, newer]
    assert town.task(skilled).next_wake > clock.now()
    assert town.waiting("dispatch.round") == 4  # theirs, and one of her no


def test_one_of_today_stands_before_an_older_one_that_has_days(town: Town) -> None:
    all_rest(town)
    helper = town.volunteer("没证的", skills=[], rest_until=TOMORROW)
    older, today = brought(town, skills=[]), brought(town, skills=[], priority="P2")
    town.work()
    town.run(lambda s: s.execute(set_of(helper, rest_until=None)))
    assert town.run(lambda s: wakeups.freed(s, helper.person_id)) == [today, older]


def test_what_has_its_invitations_out_is_left_alone(town: Town) -> None:
    request_id = town.bring("dispatching", people=1)
    town.work()
    before = town.task(request_id).next_wake
    helper = town.volunteer("新来的")
    assert town.run(lambda s: wakeups.freed(s, helper.person_id)) == []
    assert town.task(request_id).next_wake == before


def test_one_who_becomes_free_goes_to_the_oldest_of_those_that_wait(
    town: Town, waiting: UUID
) -> None:
    younger = brought(town)
    town.work()
    helper = town.volunteer("新来的", max_open_tasks=0)
    times(max_open_tasks=2)(town, helper)
    town.work()
    assert (asked(town, waiting), asked(town, younger)) == ([helper.person_id], [])


def test_the_head_s_task_that_is_short_of_people_is_thought_of_too(town: Town) -> None:
    request_id = town.bring("dispatching", people=2)
    town.take_place(request_id, town.helpers[0])
    for helper in town.helpers[1:]:
        town.decline(town.invite(request_id, helper), helper)
    town.work()
    task = town.task(request_id)
    assert (town.request(request_id).no_volunteer, task.next_wake) == (True, None)
    assert town.due(request_id, "offer_round") == []
    helper = town.volunteer("新来的", max_open_tasks=0)
    times(max_open_tasks=2)(town, helper)
    town.work()
    assert helper.person_id in asked(town, request_id)
    assert len(town.due(request_id, "offer_round")) == 1


# ---------------------------------------------------------------- a wave that was served in part


HOUR = {"minutes": 45, "starts_at": WEDNESDAY, "ends_at": WEDNESDAY + timedelta(hours=1)}


def for_three(town: Town) -> UUID:
    """A task in danger for three that has found two to ask: a third is lacking."""
    town.run(lambda s: s.execute(set_of(town.helpers[2], rest_until=TOMORROW)))
    request_id = brought(town, priority="P1", people_needed=3, **HOUR)
    town.work()
    assert len(town.offers(request_id, "offered")) == 2
    return request_id


def test_a_wave_that_found_too_few_is_thought_of_when_somebody_is_free(town: Town) -> None:
    request_id = for_three(town)
    task = town.task(request_id)
    assert task.starving
    assert task.short >= 1
    helper = town.volunteer("新来的", max_open_tasks=0)
    times(max_open_tasks=2)(town, helper)
    town.work()
    assert helper.person_id in asked(town, request_id)
    assert (town.task(request_id).next_wake, town.task(request_id).wave) == (task.next_wake, 1)


def test_a_wave_that_found_too_few_is_looked_at_in_every_round_of_the_village(town: Town) -> None:
    request_id = for_three(town)
    town.volunteer("没人说起的")
    other = brought(town, priority="P1", people_needed=1, **HOUR)
    town.work()
    assert len(asked(town, request_id)) == 3
    assert asked(town, other) == []


def test_a_look_before_its_time_asks_no_more_than_were_lacking(town: Town) -> None:
    request_id = for_three(town)
    lacking = town.task(request_id).short
    for n in range(lacking + 3):
        town.volunteer(f"没人说起的{n}")
    town.round(request_id)
    assert len(asked(town, request_id)) == 2 + lacking
    assert not town.task(request_id).starving


def test_what_has_fewer_people_than_places_thinks_of_everybody_who_is_free(town: Town) -> None:
    """One at a time is asked, since there are days; yet all three together would not do."""
    request_id = brought(town, people_needed=5)
    town.work()
    assert (len(asked(town, request_id)), town.task(request_id).short) == (1, 2)
    helper = town.volunteer("新来的", max_open_tasks=0)
    times(max_open_tasks=2)(town, helper)
    town.work()
    assert len(asked(town, request_id)) == 2


@pytest.mark.parametrize("end", ["decline", "expire"])
def test_what_is_filled_in_part_is_thought_of_when_the_others_said_no_or_nothing(
    town: Town, end: str
) -> None:
    request_id = town.bring("dispatching", people=2)
    town.work()
    while offers := town.offers(request_id, "offered"):
        first = not [one for one in town.places(request_id) if one.person_id]
        who = Actor(offers[0].person_id, volunteer=True)
        if first:
            town.accept(offers[0].id, who)
        elif end == "decline":
            town.decline(offers[0].id, who)
        else:
            clock.step(offers[0].expires_at - clock.now())
        town.work()
    assert town.status(request_id) == "dispatching"
    helper = town.volunteer("新来的", max_open_tasks=0)
    times(max_open_tasks=2)(town, helper)
    town.work()
    assert helper.person_id in asked(town, request_id)
