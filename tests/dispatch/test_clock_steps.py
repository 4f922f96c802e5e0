"""What a request's clock tells, to whom and when: each once, and as late as the clock rested."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch import jobs
from tests.village.town import HANDLERS, Town
from village import clock, outbox
from village.db import transaction
from village.models import DueTime, Outbox
from village.models.requests import RUNGS
from village.workflow.request_limits import LIMITS

TOLD = (
    "response_half", "response_late", "response_breach",
    "resolve_half", "resolve_late", "resolve_breach", "escalate",
)  # fmt: skip


def told(town: Town, request_id: UUID) -> list[str]:
    return [event.action for event in town.events(request_id) if event.action in TOLD]


def lost(town: Town, ids: list[UUID]) -> None:
    """Hand rows over again, as the relay does when a lease has run out."""
    again = sa.update(Outbox).where(Outbox.id.in_(ids)).values(sent_at=None)
    town.run(lambda session: session.execute(again))


def run_on(town: Town, hours: float, step: float = 0.5) -> None:
    for _ in range(round(hours / step)):
        town.later(hours=step)


def test_an_urgent_request_warns_at_half_and_four_fifths_and_is_late_at_the_limit(
    town: Town,
) -> None:
    request_id = town.submit(priority="P1")
    start = clock.now()
    assert town.due(request_id, "first_response") == [start + timedelta(hours=2)]
    assert town.due(request_id, "first_response_half") == [start + timedelta(hours=1)]
    run_on(town, 1)
    assert told(town, request_id) == ["response_half"]
    assert town.due(request_id, "first_response_late") == [start + timedelta(hours=1.6)]
    run_on(town, 1, 0.2)
    assert told(town, request_id) == ["response_half", "response_late", "response_breach"]
    assert town.request(request_id).response_breached_at == clock.now()


def test_warnings_count_service_hours(town: Town) -> None:
    """Of 24 service hours from Wednesday 10:00, half are over on Thursday at 10:00."""
    request_id = town.submit()
    start = clock.now()
    (half,) = town.due(request_id, "first_response_half")
    assert half == clock.add_service_hours(start, 12) == start + timedelta(days=1)
    town.later(days=1)
    assert town.due(request_id, "first_response_late") == [clock.add_service_hours(start, 24 * 0.8)]


def test_an_answer_ends_the_warnings_of_the_answer(town: Town) -> None:
    request_id = town.submit()
    town.act(request_id, "accept")
    town.later(days=3)
    assert not any(action.startswith("response") for action in told(town, request_id))


def test_what_is_not_solved_is_told_late_and_then_climbs_until_somebody_signs(town: Town) -> None:
    request_id = town.bring("accepted")
    due = town.request(request_id).resolve_due
    assert due is not None
    clock.set_time(due + timedelta(minutes=1), speed=0.0)
    town.work()
    assert town.request(request_id).resolve_breached_at == clock.now()
    run_on(town, 47, 1)
    assert "escalate" not in told(town, request_id)
    run_on(town, 1, 1)
    assert town.request(request_id).escalated_to == "chair"
    assert "sign_for" in town.actions(request_id, town.chair)
    assert "sign_for" not in town.actions(request_id, town.head)
    run_on(town, 24, 1)
    assert town.request(request_id).escalated_to == "clerk"
    town.act(request_id, "sign_for", town.chair)
    run_on(town, 72, 4)
    assert town.request(request_id).escalated_to == "clerk"
    assert Counter(told(town, request_id))["escalate"] == 2


def test_nobody_signs_and_it_ends_on_the_last_rung(town: Town) -> None:
    request_id = town.bring("accepted")
    for _ in range(24):
        town.later(days=1)
    assert town.request(request_id).escalated_to == "township_officer"
    assert Counter(told(town, request_id)) == {
        "resolve_half": 1, "resolve_late": 1, "resolve_breach": 1, "escalate": 3,
    }  # fmt: skip


def test_what_is_reopened_has_its_clock_anew(town: Town) -> None:
    request_id = town.bring("accepted")
    town.later(days=9)
    town.act(request_id, "handle")
    town.act(request_id, "submit_result", town.deputy, result="换了灯泡")
    town.act(request_id, "resolve")
    town.act(request_id, "reopen", town.villager, reason="又坏了")
    row = town.request(request_id)
    assert (row.resolve_breached_at, row.escalated_to) == (None, None)
    before = Counter(told(town, request_id))["resolve_breach"]
    town.later(days=2)
    assert Counter(told(town, request_id))["resolve_breach"] == before + 1


def test_a_clock_that_rests_warns_later_by_as_much(town: Town) -> None:
    request_id = town.submit(priority="P1")
    (half,) = town.due(request_id, "resolve_half")
    town.act(request_id, "ask", question="哪一盏？")
    town.later(days=4)
    assert told(town, request_id) == []
    town.act(request_id, "answer", town.villager, text="第三盏")
    assert town.due(request_id, "resolve_half") == [half + timedelta(days=4)]


def test_a_limit_that_fired_as_the_clock_came_to_rest_is_not_lost(town: Town) -> None:
    """The relay has taken the due time; before its job runs the villager is asked something."""
    request_id = town.bring("accepted")
    due = town.request(request_id).resolve_due
    assert due is not None
    clock.set_time(due, speed=0.0)
    with transaction(town.engine) as session:
        outbox.sweep_deadlines(session)
    town.act(request_id, "ask", question="哪一盏？")
    town.work()
    assert "resolve_breach" not in told(town, request_id)
    town.later(days=1)
    town.act(request_id, "answer", town.villager, text="第三盏")
    town.later(days=1)
    assert told(town, request_id).count("resolve_breach") == 1


def test_a_job_that_comes_twice_tells_once(town: Town) -> None:
    request_id = town.bring("accepted")
    town.later(days=8)
    fired = town.all(DueTime, DueTime.request_id == request_id, DueTime.fired_at.is_not(None))
    breach = next(due for due in fired if due.kind == "resolve")
    for _ in range(2):
        town.run(lambda session: jobs.due(town, session, breach.id))
    assert told(town, request_id).count("resolve_breach") == 1


def test_every_limit_has_its_job() -> None:
    assert {kind for kinds in LIMITS.values() for kind in kinds} <= set(jobs.ON_DUE)


@settings(
    max_examples=12,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(
    steps=st.lists(st.sampled_from(["ask", "sweep", "lose", "work"]), min_size=6, max_size=14),
    priority=st.sampled_from(["P1", "P3"]),
)
def test_whatever_dies_each_is_told_once_and_after_its_time(
    shared_town: Town, steps: list[str], priority: str
) -> None:
    """Sweeps whose jobs are lost, jobs that run late, clocks that rest: nothing twice or early."""
    town = shared_town
    request_id = town.submit(priority=priority)
    for step in steps:
        clock.step(timedelta(hours=7 if priority == "P1" else 31))
        if step == "ask" and town.status(request_id) in ("submitted", "accepted"):
            town.act(request_id, "ask", question="?")
            clock.step(timedelta(hours=20))
            town.act(request_id, "answer", town.villager, text="!")
        elif step == "work":
            town.work()
        else:
            with transaction(town.engine) as session:
                outbox.sweep_deadlines(session)
                taken = outbox.take(session)
            if step == "sweep":
                for row in taken:
                    outbox.run(town, row.id, HANDLERS)
            else:  # the worker died with them: their leases run out
                lost(town, [row.id for row in taken])
    for _ in range(10):
        town.later(days=6)
    counted = Counter(told(town, request_id))
    assert counted.pop("escalate") == len(RUNGS)
    assert set(counted.values()) == {1}
    assert {"resolve_breach"} <= set(counted)
    for event in town.events(request_id):
        if event.action == "resolve_breach":
            assert event.at >= datetime.fromisoformat(event.data["due"])
    left = [due.kind for due in town.all(DueTime, DueTime.request_id == request_id)
            if due.fired_at is None and due.cancelled_at is None]  # fmt: skip
    assert left == []


@pytest.mark.parametrize("limit", sorted(LIMITS))
def test_withdrawing_leaves_no_due_time(town: Town, limit: str) -> None:
    request_id = town.submit()
    town.act(request_id, "withdraw", town.villager)
    for kind in LIMITS[limit]:
        assert town.due(request_id, kind) == []


def test_the_outbox_is_empty_in_the_end(town: Town) -> None:
    town.bring("accepted")
    town.later(days=30)
    assert town.all(Outbox, Outbox.done_at.is_(None)) == []
