"""Who may be asked: each rule by itself, then all of them on the real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from dispatch import candidates
from dispatch.candidates import Candidate
from tests.village.town import WEDNESDAY, Town
from village.clock import SHANGHAI
from village.models import Task, TimeOff

DAY = timedelta(days=1)
PLAIN = Candidate(
    person_id=uuid4(), birth_year=1980, guardian_consent=False, insured_until=WEDNESDAY + 90 * DAY,
    open_tasks=0, max_open_tasks=2, quiet=None, last_asked_at=None, asked=False, too_close=False,
    windows=((2, 0, 1440),),
)  # fmt: skip


def task(**facts: Any) -> Task:
    values = {
        "risk": 0, "people_needed": 1, "minutes": 60,
        "starts_at": WEDNESDAY, "ends_at": WEDNESDAY + 7 * DAY,
    }  # fmt: skip
    return Task(**{**values, **facts})


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=SHANGHAI)


# rule, what is changed of a person who may be asked, what of the task, may she be asked
CASES: list[tuple[str, dict[str, Any], dict[str, Any], bool]] = [
    ("not_asked_yet", {}, {}, True),
    ("not_asked_yet", {"asked": True}, {}, False),
    ("not_too_close", {}, {}, True),
    ("not_too_close", {"too_close": True}, {}, False),
    ("below_capacity", {"open_tasks": 1}, {}, True),
    ("below_capacity", {"open_tasks": 2}, {}, False),
    ("below_capacity", {"max_open_tasks": 0}, {}, False),
    ("old_enough", {"birth_year": 2007}, {"risk": 3}, True),  # 19 or 18 in 2026
    ("old_enough", {"birth_year": 2008}, {"risk": 2}, False),  # perhaps still 17
    ("old_enough", {"birth_year": 2010}, {"people_needed": 2}, False),  # no guardian
    ("old_enough", {"birth_year": 2010, "guardian_consent": True}, {"people_needed": 2}, True),
    ("old_enough", {"birth_year": 2010, "guardian_consent": True}, {"people_needed": 1}, False),
    (
        "old_enough",
        {"birth_year": 2010, "guardian_consent": True},
        {"people_needed": 2, "risk": 2},
        False,
    ),
    ("old_enough", {"birth_year": None}, {}, False),
    ("insured", {"insured_until": None}, {"risk": 1}, True),
    ("insured", {"insured_until": None}, {"risk": 2}, False),
    ("insured", {"insured_until": WEDNESDAY + 6 * DAY}, {"risk": 2}, False),
    ("insured", {"insured_until": WEDNESDAY + 7 * DAY}, {"risk": 2}, True),
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
]


@pytest.mark.parametrize(
    ("rule", "person", "work", "may"), CASES, ids=[f"{c[0]}-{n}" for n, c in enumerate(CASES)]
)
def test_each_rule_leaves_out_whom_it_means(
    rule: str, person: dict[str, Any], work: dict[str, Any], may: bool
) -> None:
    check = getattr(candidates, rule)
    assert check(replace(PLAIN, **person), task(**work), WEDNESDAY) is may


def test_every_rule_has_its_cases() -> None:
    covered = {case[0] for case in CASES} | {"awake"}
    assert {check.__name__ for check in candidates.FILTERS} == covered


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
    person = replace(PLAIN, quiet=quiet)
    for expected, times in ((False, asleep), (True, awake)):
        for time in times:
            assert candidates.awake(person, task(), at(f"11-25T{time}")) is expected, time


def left_out(town: Town, request_id: UUID) -> dict[str, int]:
    found = town.run(lambda s: candidates.screen(s, town.task(request_id), WEDNESDAY))
    return dict(found.left_out)


def eligible(town: Town, request_id: UUID) -> set[UUID]:
    found = town.run(lambda s: candidates.screen(s, town.task(request_id), WEDNESDAY))
    return {person.person_id for person in found.eligible}


def test_only_active_members_of_the_station_are_looked_at(town: Town) -> None:
    town.volunteer("别站的", station="sanitation")
    town.volunteer("停了的", active=False)
    town.volunteer("退了的", status="left")
    town.volunteer("还没批的", status="applied")
    assert eligible(town, town.bring("dispatching")) == {h.person_id for h in town.helpers}


@pytest.mark.parametrize(
    ("rule", "facts"),
    [
        ("old_enough", {"born": 2010}),
        ("insured", {"insured_until": None}),
        ("insured", {"insured_until": date(2026, 11, 26)}),
        ("available", {"windows": ()}),
        ("awake", {"quiet_from": 540, "quiet_to": 720}),
        ("below_capacity", {"max_open_tasks": 0}),
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


@pytest.mark.parametrize("tie", ["self", "household", "kin", "kin_turned"])
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


def test_four_statements_whatever_the_number_of_members(town: Town) -> None:
    request_id = town.bring("dispatching")
    found = town.task(request_id)
    counts = []
    for _ in range(2):
        said: list[str] = []
        listen = lambda *args: said.append(args[2])  # noqa: B023, E731
        sa.event.listen(town.engine, "before_cursor_execute", listen)
        town.run(lambda s: candidates.screen(s, found, WEDNESDAY))
        sa.event.remove(town.engine, "before_cursor_execute", listen)
        counts.append(len(said))
        for number in range(5):
            town.volunteer(f"更多{number}")
    assert counts[0] == counts[1] <= 5
