"""A question that nobody answers: asked again, phoned, ended, and taken up again (R7-R9)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.village.town import Town
from village import calls, clock
from village.access import Actor
from village.db import transaction
from village.errors import GuardFailed
from village.ids import new_id
from village.models import PhoneCall, Request


def happened(town: Town, request_id: object) -> list[str]:
    found = town.all(Request, Request.id == request_id)
    return [event.action for event in town.events(found[0].id)][3:]


def test_she_is_asked_again_on_the_second_and_on_the_fourth_day(town: Town) -> None:
    request_id = town.bring("needs_info")
    town.later(days=2)
    assert happened(town, request_id) == ["remind"]
    town.later(days=1)
    assert happened(town, request_id) == ["remind"]
    town.later(days=1)
    assert happened(town, request_id) == ["remind", "remind"]
    assert town.due(request_id, "answer_remind") == []


def test_an_answer_ends_the_reminders(town: Town) -> None:
    request_id = town.bring("needs_info")
    town.act(request_id, "answer", town.villager, text="第三盏")
    town.later(days=6)
    assert "remind" not in happened(town, request_id)


def test_without_a_phone_call_it_never_ends_and_the_head_is_asked_again(town: Town) -> None:
    request_id = town.bring("needs_info")
    for _ in range(5):
        town.later(days=6)
    assert town.status(request_id) == "needs_info"
    assert happened(town, request_id).count("ask_to_phone") >= 4
    assert town.due(request_id, "requester_answer") > [clock.now()]


def test_who_was_phoned_has_until_the_next_evening(town: Town) -> None:
    request_id = town.bring("needs_info")
    town.later(days=6)
    town.act(request_id, "phone_try")
    town.later(hours=20)
    assert town.status(request_id) == "needs_info"
    town.later(days=1)
    assert (town.status(request_id), town.due(request_id, "resolve")) == ("withdrawn", [])


def test_an_early_try_takes_nothing_of_the_five_days(town: Town) -> None:
    request_id = town.bring("needs_info")
    ends = town.due(request_id, "requester_answer")
    town.later(days=1)
    town.act(request_id, "phone_try")
    assert town.due(request_id, "requester_answer") == ends


def test_a_late_answer_takes_it_up_with_the_time_that_was_left(town: Town) -> None:
    request_id = town.bring("needs_info")
    asked, due = clock.now(), town.request(request_id).resolve_due
    town.act(request_id, "phone_try")
    town.later(days=6)
    assert town.status(request_id) == "withdrawn"
    town.later(days=10)
    assert town.act(request_id, "answer", town.villager, text="第三盏") == "submitted"
    row = town.request(request_id)
    assert row.resolve_due == due + (clock.now() - asked)
    assert town.due(request_id, "resolve") == [row.resolve_due]
    assert (row.ended_at, row.paused_at, row.lapsed_at) == (None, None, None)


def test_fifteen_days_later_it_is_over(town: Town) -> None:
    request_id = town.bring("needs_info")
    town.act(request_id, "phone_try")
    town.later(days=6)
    clock.step(timedelta(days=15, minutes=1))
    with pytest.raises(GuardFailed) as caught:
        town.act(request_id, "answer", town.villager, text="第三盏")
    assert caught.value.code == "too_late"


def test_what_she_withdrew_herself_is_not_taken_up_by_an_answer(town: Town) -> None:
    request_id = town.bring("needs_info")
    town.act(request_id, "withdraw", town.villager)
    assert "answer" not in town.actions(request_id, town.villager)


def test_a_call_that_nobody_picked_up_is_a_try_too(town: Town) -> None:
    """Who was to tell her of the question, since she has no account, tried to reach her."""
    request_id = town.bring("needs_info")
    call = PhoneCall(id=new_id(), request_id=request_id, kind="tell", title="问", text="问")
    call.event_id, call.caller_id = town.events(request_id)[-1].id, town.head.person_id
    call.created_at = clock.now()
    town.add(call)
    head: Actor = town.head
    with transaction(town.engine) as session:
        calls.done(session, head, call.id, reached=False)
    tried = sa.select(Request.phone_tried_at).where(Request.id == request_id)
    assert town.run(lambda session: session.scalar(tried)) == clock.now()
    town.later(days=6)
    assert town.status(request_id) == "withdrawn"
