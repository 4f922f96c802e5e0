"""Putting a matter off: it rests, somebody looks again, and it always goes on (R19, R33)."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from tests.village.town import Town
from village import clock
from village.errors import Invalid
from village.models import Task

FAR = date(2027, 1, 8)


def put_off(town: Town, request_id: UUID, until: date = FAR) -> None:
    town.act(request_id, "suspend", reason="weather", until=until)


def steps(town: Town, request_id: UUID, *names: str) -> list[str]:
    return [event.action for event in town.events(request_id) if event.action in names]


def test_the_clock_rests_and_goes_on_with_what_was_left(town: Town) -> None:
    request_id = town.bring("accepted")
    due = town.request(request_id).resolve_due
    assert due is not None
    put_off(town, request_id)
    assert town.due(request_id, "resolve") == []
    clock.step(timedelta(days=4))
    assert town.act(request_id, "resume") == "accepted"
    assert town.request(request_id).resolve_due == due + timedelta(days=4)
    assert town.due(request_id, "resolve") == [due + timedelta(days=4)]
    assert town.due(request_id, "suspend_review") == town.due(request_id, "suspend_limit") == []


@pytest.mark.parametrize(
    ("state", "back"),
    [("submitted", "submitted"), ("dispatching", "accepted"), ("assigned", "accepted"),
     ("in_progress", "in_progress"), ("checking", "checking")],
)  # fmt: skip
def test_it_goes_on_where_it_was_and_appointments_are_called_off(
    town: Town, state: str, back: str
) -> None:
    request_id = town.bring(state)
    put_off(town, request_id)
    town.work()
    tasks = town.all(Task, Task.request_id == request_id)
    assert {task.status for task in tasks} <= {"cancelled"}
    assert town.offers(request_id, "offered") == town.offers(request_id, "accepted") == []
    assert town.act(request_id, "resume") == back


def test_the_head_looks_again_on_the_day_and_then_every_five(town: Town) -> None:
    """Wednesday 25 November; expected to go on on Friday."""
    request_id = town.bring("accepted")
    put_off(town, request_id, date(2026, 11, 27))
    friday = clock.now() + timedelta(days=1, hours=22)
    assert town.due(request_id, "suspend_review") == [friday]
    town.later(days=1, hours=22)
    assert steps(town, request_id, "suspend_review") == ["suspend_review"]
    assert town.due(request_id, "suspend_review") == [friday + timedelta(days=5)]


def test_after_fifteen_days_the_chair_says_yes_or_it_goes_on(town: Town) -> None:
    request_id = town.bring("accepted")
    put_off(town, request_id)
    assert "let_rest" not in town.actions(request_id, town.chair)
    town.later(days=15)
    assert "let_rest" in town.actions(request_id, town.chair)
    assert "let_rest" not in town.actions(request_id, town.head)
    town.act(request_id, "let_rest", town.chair)
    town.later(days=14)
    assert town.request(request_id).suspend_asked_at is None
    town.later(days=1)
    town.later(days=2)
    assert town.status(request_id) == "accepted"
    assert steps(town, request_id, "ask_consent", "let_rest", "resume") == [
        "ask_consent", "let_rest", "ask_consent", "resume",
    ]  # fmt: skip


def test_pauses_one_after_the_other_count_together(town: Town) -> None:
    request_id = town.bring("accepted")
    put_off(town, request_id)
    town.later(days=10)
    town.act(request_id, "resume")
    put_off(town, request_id)
    assert town.due(request_id, "suspend_limit") == [clock.now() + timedelta(days=5)]


@pytest.mark.parametrize("until", [date(2026, 11, 25), date(2020, 1, 1), date(2027, 5, 25)])
def test_it_goes_on_on_a_day_to_come(town: Town, until: date) -> None:
    request_id = town.bring("accepted")
    with pytest.raises(Invalid):
        put_off(town, request_id, until)
    assert town.status(request_id) == "accepted"


def test_what_no_station_has_rests_at_the_chair_and_comes_back_to_triage(town: Town) -> None:
    request_id = town.bring("triage")
    town.act(request_id, "suspend", town.chair, reason="waiting_meeting", until=FAR)
    assert town.actions(request_id, town.head) == []
    town.later(days=5)
    assert steps(town, request_id, "suspend_review") == ["suspend_review"]
    assert town.act(request_id, "resume", town.chair) == "triage"
    assert len(town.due(request_id, "triage")) == 1


def test_a_question_rests_with_the_matter_and_stands_again(town: Town) -> None:
    """Asked on Wednesday, put off on Friday for six days: the limit moves by all eight."""
    request_id = town.bring("accepted")
    due = town.request(request_id).resolve_due
    assert due is not None
    town.act(request_id, "ask", question="哪一盏？")
    town.later(days=2)
    put_off(town, request_id)
    assert town.due(request_id, "requester_answer") == town.due(request_id, "answer_remind") == []
    town.later(days=6)
    assert town.act(request_id, "resume") == "needs_info"
    assert len(town.due(request_id, "requester_answer")) == 1
    assert len(town.due(request_id, "answer_remind")) == 1
    assert town.request(request_id).question == "哪一盏？"
    town.later(days=1)
    town.act(request_id, "answer", town.villager, text="第三盏")
    assert town.request(request_id).resolve_due == due + timedelta(days=9)
