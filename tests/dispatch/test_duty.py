"""The duty ladder: something urgent at night reaches a person, rung by rung, and then rests."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from notifications import audience, scene
from tests.village.town import STATION, VILLAGE, Town
from village import clock, duty
from village.access import Actor
from village.clock import SHANGHAI
from village.models import Absence, DueTime, DutyShift, PhoneTask
from village.workflow.request_duty import UNSEEN

THREE_AT_NIGHT = datetime(2026, 11, 26, 3, 0, tzinfo=SHANGHAI)
LADDER = [("head", 15), ("deputy", 30), ("chair", 45), ("clerk", 60)]


@pytest.fixture
def night(town: Town) -> Town:
    clock.set_time(THREE_AT_NIGHT, speed=0.0)
    return town


def calls(town: Town, request_id: UUID) -> list[tuple[str, int]]:
    """Which rungs were called, and how many minutes after three."""
    return [
        (event.data["rung"], round((event.at - THREE_AT_NIGHT) / timedelta(minutes=1)))
        for event in town.events(request_id)
        if event.action == "duty_call"
    ]


def let(town: Town, minutes: int) -> None:
    for _ in range(minutes // 5):
        town.later(minutes=5)


def away(town: Town, who: Actor, cover: Actor | None = None) -> None:
    town.add(
        Absence(
            person_id=who.person_id, village_code=VILLAGE, set_by=who.person_id,
            cover_id=cover.person_id if cover else None, set_at=clock.now(),
            starts_at=clock.now(), ends_at=clock.now() + timedelta(days=2),
        )
    )  # fmt: skip


def on_shift(town: Town, who: Actor, station: str | None) -> None:
    town.add(
        DutyShift(
            person_id=who.person_id, village_code=VILLAGE, station=station,
            starts_at=clock.now(), ends_at=clock.now() + timedelta(hours=8),
        )
    )  # fmt: skip


def called(town: Town, request_id: UUID, rung: str) -> list[UUID]:
    row = town.request(request_id)
    found: list[UUID] = town.run(lambda session: duty.called(session, row, rung, clock.now()))
    return found


def test_the_ladder_is_as_the_settings_say() -> None:
    assert [(r, int(at / timedelta(minutes=1))) for r, at in duty.ladder().items()] == LADDER


def test_at_three_at_night_it_climbs_until_the_clerk_is_to_phone(night: Town) -> None:
    request_id = night.submit(priority="P1")
    let(night, 120)
    assert calls(night, request_id) == LADDER
    (task,) = night.all(PhoneTask)
    assert (task.request_id, task.done_at) == (request_id, None)
    assert night.due(request_id, "duty") == []


@pytest.mark.parametrize("action", ["acknowledge", "accept", "ask", "route"])
def test_it_stops_when_a_person_has_looked(night: Town, action: str) -> None:
    request_id = night.submit(priority="P1")
    let(night, 20)
    sent = {"question": "在哪里？", "station": "sanitation", "reason": "归他们"}
    night.act(request_id, action, **sent)
    assert night.request(request_id).seen_at == clock.now()
    let(night, 120)
    assert calls(night, request_id) == LADDER[:1]
    assert night.all(PhoneTask) == []


def test_who_looked_once_needs_not_say_so_again(night: Town) -> None:
    request_id = night.submit(priority="P1")
    assert "acknowledge" in night.actions(request_id, night.head)
    assert "acknowledge" not in night.actions(request_id, night.villager)
    night.act(request_id, "acknowledge")
    assert "acknowledge" not in night.actions(request_id, night.head)
    assert night.status(request_id) == "submitted"


def test_what_is_not_urgent_wakes_nobody(night: Town) -> None:
    request_id = night.submit()
    let(night, 120)
    assert night.all(DueTime, DueTime.request_id == request_id, DueTime.kind == "duty") == []


def test_who_is_on_duty_is_called_with_the_station_s_own_head(night: Town) -> None:
    guard = night.person("值班员", ("head", "sanitation"))
    other = night.person("别站的值班员", ("head", "culture"))
    on_shift(night, night.person("卸任的站长"), STATION)
    on_shift(night, guard, STATION)
    on_shift(night, other, "culture")
    request_id = night.submit(priority="P1")
    both = {guard.person_id, night.head.person_id}
    assert set(called(night, request_id, "head")) == both
    away(night, guard)
    assert called(night, request_id, "head") == [night.head.person_id]


def test_who_is_away_is_not_called_but_who_covers_for_her(night: Town) -> None:
    request_id = night.submit(priority="P1")
    away(night, night.head, night.deputy)
    assert called(night, request_id, "head") == [night.deputy.person_id]
    clock.step(timedelta(days=3))
    assert called(night, request_id, "head") == [night.head.person_id]


def test_a_rung_without_anybody_is_passed_over_at_once(night: Town) -> None:
    away(night, night.head)
    away(night, night.deputy)
    request_id = night.submit(priority="P1")
    let(night, 120)
    assert calls(night, request_id) == [("chair", 15), ("clerk", 60)]


def test_who_is_too_close_is_not_called(night: Town) -> None:
    request_id = night.submit(night.nephew, priority="P1")
    assert called(night, request_id, "chair") == []
    let(night, 120)
    assert [rung for rung, _ in calls(night, request_id)] == ["head", "deputy", "clerk"]


def test_danger_without_a_station_calls_every_head_and_triage_the_chair(night: Town) -> None:
    culture = night.person("文体站长", ("head", "culture"))
    request_id = night.hold(category=None)
    let(night, 25)
    assert night.request(request_id).waits_for == "unconfirmed_danger"
    both = {night.head.person_id, culture.person_id}
    assert set(called(night, request_id, "head")) == both
    triaged = night.submit(category=None, priority="P1")
    assert [called(night, triaged, rung) for rung in ("head", "deputy")] == [[], []]
    assert called(night, triaged, "chair") == [night.chair.person_id]


def test_calls_are_once_each_whatever_is_lost(night: Town) -> None:
    request_id = night.submit(priority="P1")
    clock.step(timedelta(hours=5))  # the relay was down all night
    let(night, 60)
    assert [rung for rung, _ in calls(night, request_id)] == [rung for rung, _ in LADDER]


def test_those_who_are_called_hear_of_it_and_the_clerk_is_asked_to_phone(night: Town) -> None:
    request_id = night.submit(priority="P1")
    let(night, 60)
    heard = {}
    for event in night.events(request_id):
        if event.action == "duty_call":
            seen = night.run(lambda session, of=event: scene.look(session, [of.id]))
            (found,) = night.run(lambda s, of=seen: audience.hearers(s, of))
            heard[event.data["rung"]] = {who: tell.audience for who, tell in found.items()}
    assert heard == {
        "head": {night.head.person_id: "duty"},
        "deputy": {night.deputy.person_id: "duty"},
        "chair": {night.chair.person_id: "duty"},
        "clerk": {night.clerk.person_id: "phone"},
    }


def test_the_ladder_stands_where_a_request_waits_to_be_seen() -> None:
    assert UNSEEN == ("submitted", "triage")
