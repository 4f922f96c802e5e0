"""Who may be asked: each rule by itself, then all of them on the real database."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from dispatch import candidates, learning, situation
from dispatch.candidates import OF_THE_MOMENT, WHOLE_TIME, Screened
from dispatch.people import People
from dispatch.work import Work
from tests.dispatch.persons import people_of
from tests.engines import recorded
from tests.village.town import STATION, VILLAGE, WEDNESDAY, Town
from village.access import Actor
from village.clock import SHANGHAI
from village.models import (
    Delivery,
    DispatchSettings,
    Event,
    Notification,
    Person,
    RequestExclusion,
    TimeOff,
    Volunteer,
    WechatIdentity,
)

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
ME, REQUEST = uuid4(), uuid4()
PLAIN: dict[str, Any] = {
    "person_id": ME, "stations": {("v", "s")}, "birth_year": 1980,
    "insured_until": date(2027, 1, 1), "windows": [(2, 0, 1440)],
}  # fmt: skip
OTHER: dict[str, Any] = {**PLAIN, "person_id": uuid4()}
WORK = Work(
    task_id=uuid4(), request_id=REQUEST, village="v", station="s", category="K",
    starts_at=WEDNESDAY, ends_at=WEDNESDAY + 7 * DAY, opened_at=WEDNESDAY,
    near={("n", None): 2.0, ("m", "s"): 3.0},
)  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=SHANGHAI)


def of(*stations: tuple[str, str], **facts: Any) -> dict[str, Any]:
    return {"stations": frozenset(stations), **facts}


SOON = {"starts_at": WEDNESDAY + HOUR, "ends_at": WEDNESDAY + 3 * HOUR}
GUARDED = {"birth_year": 2010, "guardian_consent": True}
LENDS = {"next_village": True, "next_village_km": 4.0}
BUSY = ((WEDNESDAY + 2 * HOUR, WEDNESDAY + 4 * HOUR),)
DRIVES: dict[str, Any] = {"skills": ("驾驶C1", "烹饪")}

# rule, what is changed of a person who may be asked, what of the task, may she be asked
CASES: list[tuple[str, dict[str, Any], dict[str, Any], bool]] = [
    ("not_too_close", {}, {}, True),
    ("not_too_close", {}, {"too_close": frozenset({ME})}, False),
    ("not_asked_yet", {}, {}, True),
    ("not_asked_yet", {}, {"asked": frozenset({ME})}, False),
    ("within_circle", {}, {}, True),
    ("within_circle", of(("v", "other")), {}, True),
    ("within_circle", of(("v", "other"), helps_village=False), {}, False),
    ("within_circle", of(("n", "other")), {}, False),
    ("within_circle", of(("n", "other"), **LENDS), {}, True),
    ("within_circle", of(("n", "other"), next_village=True, next_village_km=1.0), {}, False),
    ("within_circle", of(("m", "s"), **LENDS), {}, True),
    ("within_circle", of(("m", "other"), **LENDS), {}, False),  # agreed on for one station only
    ("within_circle", of(("far", "s"), **LENDS), {}, False),
    ("not_disliked", {}, {}, True),
    ("not_disliked", {"disliked": frozenset({"K"})}, {}, False),
    ("accredited", {}, {}, True),
    ("accredited", {}, {"sealed": True}, False),
    ("accredited", {"mediates": frozenset({"v"})}, {"sealed": True}, True),
    ("skilled", {}, {"skills": ("烹饪",)}, False),
    ("skilled", DRIVES, {"skills": ("烹饪",)}, True),
    ("skilled", DRIVES, {"skills": ("驾驶",)}, False),  # no paper
    ("skilled", {**DRIVES, "certificates": {"驾驶C1": None}}, {"skills": ("驾驶",)}, True),
    (
        "skilled",
        {**DRIVES, "certificates": {"驾驶C1": date(2026, 12, 1)}},
        {"skills": ("驾驶",)},
        False,
    ),
    ("old_enough", {"birth_year": 2007}, {"risk": 3}, True),  # 19 or 18 in 2026
    ("old_enough", {"birth_year": 2008}, {"risk": 2}, False),  # perhaps still 17
    ("old_enough", {"birth_year": 2010}, {"people_needed": 2}, False),  # no guardian
    ("old_enough", GUARDED, {"people_needed": 2}, True),
    ("old_enough", GUARDED, {"people_needed": 1}, False),
    ("old_enough", GUARDED, {"people_needed": 2, "risk": 2}, False),
    ("old_enough", {"birth_year": None}, {}, False),
    ("insured", {"insured_until": None}, {"risk": 1}, True),
    ("insured", {"insured_until": None}, {"risk": 2}, False),
    ("insured", {"insured_until": date(2026, 12, 1)}, {"risk": 2}, False),
    ("insured", {"insured_until": date(2026, 12, 2)}, {"risk": 2}, True),
    ("reachable", {}, {}, True),
    ("reachable", {"reachable": False}, {}, False),
    ("no_overlap", {"busy": BUSY}, {}, True),  # the time is not fixed
    ("no_overlap", {"busy": BUSY}, {**SOON, "minutes": 90}, False),
    ("no_overlap", {}, {**SOON, "minutes": 90}, True),
    ("available", {}, {}, True),
    ("available", {"windows": ()}, {}, False),
    ("available", {"windows": ((1, 0, 1440),)}, {}, True),  # next Tuesday
    ("available", {"windows": ((1, 0, 1440),)}, {"ends_at": WEDNESDAY + DAY}, False),
    ("available", {"windows": ((2, 540, 660),)}, {"ends_at": WEDNESDAY + DAY}, True),  # 10-11
    ("available", {"windows": ((2, 540, 630),)}, {"ends_at": WEDNESDAY + DAY}, False),  # 10-10:30
    ("available", {"windows": ((2, 540, 630),)}, {"ends_at": WEDNESDAY + DAY, "minutes": 30}, True),
    ("available", {"windows": ((2, 540, 660),)}, {"minutes": 300}, True),  # an hour will do
    ("available", {"time_off": ((WEDNESDAY - DAY, WEDNESDAY + 8 * DAY),)}, {}, False),
    ("available", {"time_off": ((WEDNESDAY - DAY, WEDNESDAY + 3 * DAY),)}, {}, True),  # next week
    ("available", {"time_off": ((WEDNESDAY - 3 * DAY, WEDNESDAY - DAY),)}, {}, True),
    ("available", {"rest_until": WEDNESDAY + 8 * DAY}, {}, False),
    ("asking_hours", {}, {}, True),
    ("asking_hours", {}, {"asks": (660, 1200)}, False),
    ("asking_hours", {}, {"asks": (660, 1200), "priority": "P1"}, True),
    ("not_resting", {}, {}, True),
    ("not_resting", {"rest_until": WEDNESDAY + HOUR}, {}, False),
    ("not_resting", {"rest_until": WEDNESDAY}, {}, True),
    ("below_capacity", {"open_tasks": 1}, {}, True),
    ("below_capacity", {"open_tasks": 2}, {}, False),
    ("below_capacity", {"max_open_tasks": 0}, {}, False),
    ("not_at_work", {}, {}, True),
    ("not_at_work", {"at_work": True}, {}, False),
    ("not_at_work", {"busy": ((WEDNESDAY - HOUR, WEDNESDAY + HOUR),)}, {}, False),
    ("not_waited_for", {}, {}, True),
    ("not_waited_for", {}, {"waited_for": frozenset({ME})}, False),
    ("below_day_cap", {"messages_today": 3}, {}, True),
    ("below_day_cap", {"messages_today": 4}, {}, False),
    ("below_day_cap", {"messages_today": 2}, {"day_cap": 2}, False),
    ("below_week_cap", {"messages": 13}, {}, True),
    ("below_week_cap", {"messages": 14}, {}, False),
]


@pytest.mark.parametrize(
    ("rule", "person", "work", "may"), CASES, ids=[f"{c[0]}-{n}" for n, c in enumerate(CASES)]
)
def test_each_rule_leaves_out_whom_it_means(
    rule: str, person: dict[str, Any], work: dict[str, Any], may: bool
) -> None:
    check, people = getattr(candidates, rule), people_of({**PLAIN, **person}, OTHER)
    assert check(people, replace(WORK, **work), WEDNESDAY)[place(people, ME)] == may


def place(people: People, person: UUID) -> int:
    """Where she stands among others."""
    (found,) = people.places([person])
    return int(found)


def test_every_rule_has_its_cases() -> None:
    covered = {case[0] for case in CASES} | {"awake"}
    assert {check.__name__ for check in (*WHOLE_TIME, *OF_THE_MOMENT)} == covered


@pytest.mark.parametrize(
    ("quiet", "asleep", "awake"),
    [
        ((1320, 420), ("23:00", "22:00", "00:00", "06:59"), ("21:59", "07:00", "12:00")),
        ((780, 900), ("13:00", "14:59"), ("12:59", "15:00", "23:30")),
        (None, (), ("00:00", "12:00")),
        ((600, 600), (), ("10:00", "00:00")),
    ],
)
def test_quiet_hours_may_run_over_midnight(
    quiet: tuple[int, int] | None, asleep: tuple[str, ...], awake: tuple[str, ...]
) -> None:
    person = people_of({**PLAIN, "quiet": quiet})
    for expected, times in ((False, asleep), (True, awake)):
        for time in times:
            assert candidates.awake(person, WORK, at(f"11-25T{time}"))[0] == expected, time


# ---------------------------------------------------------------- on the database


def screened(town: Town, request_id: UUID) -> tuple[People, Screened]:
    def look(session: Any) -> tuple[People, Screened]:
        near = situation.near(session, VILLAGE, WEDNESDAY)
        seen = situation.load(session, VILLAGE, [request_id], near, WEDNESDAY)
        return seen.people, candidates.screen(seen.people, seen.works[0], WEDNESDAY)

    found: tuple[People, Screened] = town.run(look)
    return found


def left_out(town: Town, request_id: UUID) -> dict[str, int]:
    return screened(town, request_id)[1].left_out


def eligible(town: Town, request_id: UUID) -> set[UUID]:
    people, found = screened(town, request_id)
    return {people.id(place) for place in range(len(people)) if found.now[place]}


def test_only_active_members_are_looked_at(town: Town) -> None:
    other = town.volunteer("别站的", station="sanitation")
    town.volunteer("停了的", active=False)
    town.volunteer("退了的", status="left")
    town.volunteer("还没批的", status="applied")
    helpers = {h.person_id for h in town.helpers}
    assert eligible(town, town.bring("dispatching")) == helpers | {other.person_id}


@pytest.mark.parametrize(
    ("rule", "facts"),
    [
        ("old_enough", {"born": 2010}),
        ("insured", {"insured_until": None}),
        ("insured", {"insured_until": date(2026, 11, 26)}),
        ("available", {"windows": ()}),
        ("awake", {"quiet_from": 540, "quiet_to": 720}),
        ("below_capacity", {"max_open_tasks": 0}),
        ("skilled", {"skills": ["泥瓦"]}),
        ("not_disliked", {"disliked": ["PUB-03"]}),
        ("within_circle", {"station": "culture", "helps_village": False}),
        ("not_resting", {"rest_until": WEDNESDAY + DAY}),
    ],
)
def test_what_is_known_of_a_volunteer_is_read_and_counted(
    town: Town, rule: str, facts: dict[str, Any]
) -> None:
    town.volunteer("某人", **facts)
    request_id = town.bring("dispatching")
    assert left_out(town, request_id) == {rule: 1}
    assert len(eligible(town, request_id)) == 3


def test_time_off_is_read(town: Town) -> None:
    away = {"starts_at": WEDNESDAY - DAY, "ends_at": WEDNESDAY + 30 * DAY}
    town.add(TimeOff(person_id=town.helpers[0].person_id, **away))
    assert left_out(town, town.bring("dispatching")) == {"available": 1}


@pytest.mark.parametrize("tie", ["self", "household", "kin", "kin_turned", "word"])
def test_who_is_too_close_to_the_requester_is_not_asked(town: Town, tie: str) -> None:
    requester = town.person("村民乙", household="H7")
    helper = town.volunteer("亲戚", household="H7" if tie == "household" else None)
    if tie == "self":
        requester = helper
    elif tie == "kin":
        town.kin(requester, helper)
    elif tie == "kin_turned":
        town.kin(helper, requester)
    request_id = town.submit(requester)
    if tie == "word":
        excluded = {"request_id": request_id, "person_id": helper.person_id, "kind": "word"}
        town.add(RequestExclusion(**excluded, at=WEDNESDAY))
    town.act(request_id, "accept")
    town.act(request_id, "dispatch")
    assert left_out(town, request_id) == {"not_too_close": 1}


def test_who_was_asked_is_not_asked_again_whatever_she_said(town: Town) -> None:
    request_id = town.bring("dispatching", people=3)
    offers = [town.invite(request_id, helper) for helper in town.helpers]
    town.decline(offers[1], town.helpers[1])
    town.accept(offers[2], town.helpers[2])
    assert left_out(town, request_id) == {"not_asked_yet": 3}


def test_places_of_tasks_that_have_ended_weigh_no_more(town: Town) -> None:
    for _ in range(2):
        request_id = town.bring("assigned", people=1)
        town.act(request_id, "start")
        town.act(request_id, "submit_result", town.deputy, result="站里做完了")
    assert left_out(town, town.bring("dispatching")) == {}
    for _ in range(2):
        town.bring("assigned", people=1)
    assert left_out(town, town.bring("dispatching")) == {"below_capacity": 1}


def told(
    town: Town, helper: Actor, count: int, status: str, template: str | None,
    now: datetime = WEDNESDAY,
) -> None:  # fmt: skip
    """Messages of the last hours, by WeChat."""
    for _ in range(count):
        event = town.all(Event)[0]
        again = Event(
            request_id=event.request_id, machine="offer", subject_id=event.subject_id,
            action="x", to_status="x", actor_role="system", data={}, at=now,
        )  # fmt: skip
        town.add(again)
        line = Notification(
            person_id=helper.person_id, event_id=again.id, template=template,
            title="", text="", fields={}, created_at=now,
        )  # fmt: skip
        town.add(line)
        town.add(
            Delivery(
                notification_id=line.id, channel="wechat", status=status,
                created_at=now - HOUR,
            )
        )  # fmt: skip


def test_messages_of_every_kind_count_and_a_village_may_allow_less(town: Town) -> None:
    request_id = town.bring("dispatching")
    told(town, town.helpers[0], 2, "sent", "N08")
    assert left_out(town, request_id) == {}
    town.add(DispatchSettings(village_code=VILLAGE, station=STATION, day_cap=2, set_at=WEDNESDAY))
    assert left_out(town, request_id) == {"below_day_cap": 1}


def test_whom_no_message_reaches_is_not_asked(town: Town) -> None:
    request_id, (never, refused, looks) = town.bring("dispatching"), town.helpers
    gone = sa.delete(WechatIdentity).where(WechatIdentity.person_id == never.person_id)
    town.run(lambda session: session.execute(gone))
    told(town, refused, 1, "unavailable", "N10")
    told(town, looks, 1, "unavailable", "N10")
    seen = sa.update(Notification).where(Notification.person_id == looks.person_id)
    town.run(lambda session: session.execute(seen.values(read_at=WEDNESDAY - DAY)))
    assert left_out(town, request_id) == {"reachable": 2}
    assert eligible(town, request_id) == {looks.person_id}


def test_a_decision_among_two_hundred_takes_four_statements(town: Town) -> None:
    request_id = town.bring("dispatching")
    counts = []
    for more in (0, 200):
        crowd(town, more)
        with recorded(town.engine) as said:
            found = town.run(lambda session: load(session, request_id))
        counts.append((len(said), found))
    assert counts == [(4, 3), (4, 203)]


def load(session: Any, request_id: UUID) -> int:
    near = situation.near(session, VILLAGE, WEDNESDAY)
    seen = situation.load(session, VILLAGE, [request_id], near, WEDNESDAY)
    people = seen.people
    learning.load(session, VILLAGE, [people.id(place) for place in range(len(people))])
    return int(candidates.screen(people, seen.works[0], WEDNESDAY).now.sum())


def crowd(town: Town, count: int) -> None:
    """More of the first helper's kind, in a few statements."""
    ids = [uuid4() for _ in range(count)]
    first = town.helpers[0].person_id
    for name, key in (
        ("people", "id"), ("volunteers", "person_id"), ("memberships", "person_id"),
        ("availability_windows", "person_id"), ("certificates", "person_id"),
        ("wechat_identities", "person_id"),
    ):  # fmt: skip
        town.run(lambda session, t=name, k=key: copy_rows(session, t, k, first, ids))


def copy_rows(session: Any, name: str, key: str, first: UUID | None, ids: list[UUID]) -> None:
    model = Person.metadata.tables[name]
    columns = {column.name: column for column in model.columns}
    people = sa.func.unnest(sa.cast(ids, sa.ARRAY(sa.Uuid)))
    fresh = people.table_valued(sa.column("id", sa.Uuid), name="fresh").render_derived()
    columns[key] = fresh.c.id
    if name == "wechat_identities":
        columns["openid"] = sa.cast(fresh.c.id, sa.Text)
        columns["id"] = sa.func.gen_random_uuid()
    copied = sa.select(*columns.values()).select_from(model.join(fresh, sa.true()))
    where = copied.where(model.columns[key] == first)
    session.execute(sa.insert(model).from_select(list(columns), where))


def test_who_was_asked_lately_and_how_often_is_read(town: Town) -> None:
    town.invite(town.bring("dispatching"), town.helpers[0])
    people = town.run(lambda s: situation.load_people(s, [VILLAGE], WEDNESDAY))
    asked, other = (place(people, helper.person_id) for helper in town.helpers[:2])
    counts = [
        (people.messages_today[one], people.messages[one], people.asked_at[one])
        for one in (asked, other)
    ]
    assert counts == [(1, 1, WEDNESDAY.timestamp()), (0, 0, -math.inf)]
    assert town.run(lambda s: s.get_one(Volunteer, town.helpers[1].person_id)).personal
