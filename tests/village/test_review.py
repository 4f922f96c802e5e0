"""A refusal looked at once more (R12), and what could not be done after all (R26, R36)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.village.town import Town
from village import clock
from village.errors import GuardFailed, WrongState
from village.models import Task

ASKED = {"reason": "没有零件了"}
SIGNED = {"reason": "没有零件了", "advice": "请打12345"}


def test_a_refusal_is_reviewed_once_within_two_days_by_the_chair(town: Town) -> None:
    request_id = town.bring("rejected")
    due = town.request(request_id).resolve_due
    clock.step(timedelta(days=2))
    assert town.act(request_id, "ask_review", town.villager, reason="是村里的事") == "triage"
    assert due is not None
    assert town.due(request_id, "resolve") == [due + timedelta(days=2)]
    (decide,) = town.due(request_id, "triage")
    assert decide == clock.end_of_service_day(clock.now(), 2)
    assert town.request(request_id).ended_at is None
    town.act(request_id, "uphold", town.chair, advice="请打12345")
    assert town.status(request_id) == "rejected"
    with pytest.raises(WrongState):
        town.act(request_id, "ask_review", town.villager, reason="再看看")


def test_the_chair_may_give_it_to_a_station_instead(town: Town) -> None:
    request_id = town.bring("rejected")
    town.act(request_id, "ask_review", town.villager, reason="是村里的事")
    sent = {"station": "sanitation", "reason": "归他们"}
    assert town.act(request_id, "route", town.chair, **sent) == "submitted"


def test_who_refused_does_not_uphold_her_own_refusal(town: Town) -> None:
    request_id = town.submit()
    town.act(request_id, "reject", town.chair, reason="spam", advice="请打12345")
    town.act(request_id, "ask_review", town.villager, reason="是村里的事")
    with pytest.raises(GuardFailed) as caught:
        town.act(request_id, "uphold", town.chair, advice="请打12345")
    assert caught.value.code == "second_person_needed"


def test_what_cannot_be_done_takes_two_and_calls_everything_off(town: Town) -> None:
    request_id = town.bring("assigned")
    town.act(request_id, "ask_unresolved", **ASKED)
    assert town.status(request_id) == "assigned"
    assert "countersign" not in town.actions(request_id, town.head)
    town.act(request_id, "countersign", town.chair, **SIGNED)
    town.work()
    assert town.status(request_id) == "unresolved_closed"
    assert {task.status for task in town.all(Task, Task.request_id == request_id)} == {"cancelled"}
    assert town.due(request_id, "resolve") == town.due(request_id, "unresolved") == []


def test_the_chair_sends_it_back_and_it_can_be_asked_again(town: Town) -> None:
    request_id = town.bring("in_progress")
    town.act(request_id, "ask_unresolved", **ASKED)
    town.act(request_id, "try_again", town.chair, reason="问问邻村")
    assert town.status(request_id) == "in_progress"
    assert town.due(request_id, "unresolved") == []
    assert "ask_unresolved" in town.actions(request_id, town.head)


def test_the_chair_is_reminded_every_two_days(town: Town) -> None:
    request_id = town.bring("accepted")
    town.act(request_id, "ask_unresolved", **ASKED)
    for _ in range(3):
        town.later(days=3)
    asked = [e.action for e in town.events(request_id) if e.action == "remind_unresolved"]
    assert len(asked) == 3
