"""Asking the rung above by hand, who signs, answers or lets it climb (R20, R35, 3.7)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from tests.village.town import TOWNSHIP, Town
from village import access, clock, workdays
from village.errors import Forbidden, NotFound, WrongState
from village.relations import ABOVE
from village.workflow.request import REQUEST

WHY = "缺一台吊车"


def raised(town: Town, state: str = "accepted") -> UUID:
    request_id = town.bring(state)
    town.act(request_id, "escalate", reason=WHY)
    return request_id


def rung(town: Town, request_id: UUID) -> str | None:
    return town.request(request_id).escalated_to


def test_the_head_asks_the_chair_and_goes_on_where_she_was(town: Town) -> None:
    request_id = raised(town)
    assert (town.request(request_id).status, rung(town, request_id)) == ("accepted", "chair")
    assert "escalate" not in town.actions(request_id, town.head)
    assert {"handle", "dispatch"} <= set(town.actions(request_id, town.head))
    town.act(request_id, "sign_for", town.chair)
    text = "问问邻村有没有"
    assert town.act(request_id, "answer_escalation", town.chair, text=text) == "accepted"
    assert rung(town, request_id) is None
    assert town.due(request_id, "escalate") == []
    assert town.events(request_id)[-1].data == {"text": text, "rung": "chair"}


def answered(town: Town, by: str = "chair", who: access.Actor | None = None) -> UUID:
    request_id = town.bring("accepted")
    town.set(request_id, escalated_to=by)
    town.act(request_id, "answer_escalation", who or town.chair, text="再等等")
    return request_id


def test_an_answer_that_does_not_help_she_puts_to_the_next_rung_once(town: Town) -> None:
    request_id = answered(town)
    assert "re_raise" in town.actions(request_id, town.villager)
    assert "re_raise" not in town.actions(request_id, town.head)
    town.act(request_id, "re_raise", town.villager, reason="还是黑的")
    assert rung(town, request_id) == "clerk"
    assert town.due(request_id, "escalate") == [clock.now() + timedelta(days=1)]
    town.act(request_id, "answer_escalation", town.clerk, text="年底修")
    assert town.events(request_id)[-1].data["further"] == "formal_routes"
    with pytest.raises(WrongState):
        town.act(request_id, "re_raise", town.villager, reason="还是黑的")


def test_above_the_last_rung_she_reads_where_else_she_may_go(town: Town) -> None:
    officer = town.person("乡镇经办", ("township_officer", None), unit=TOWNSHIP)
    request_id = answered(town, "township_officer", officer)
    assert town.events(request_id)[-1].data["further"] == "formal_routes"
    assert "re_raise" not in town.actions(request_id, town.villager)


def test_what_nobody_has_answered_she_cannot_put_further(town: Town) -> None:
    for request_id in (town.bring("accepted"), raised(town)):
        with pytest.raises(WrongState):
            town.act(request_id, "re_raise", town.villager, reason="还是黑的")


def test_it_is_no_answer_to_the_villager_and_moves_no_limit(town: Town) -> None:
    request_id = town.submit()
    before = town.request(request_id)
    town.act(request_id, "escalate", reason=WHY)
    after = town.request(request_id)
    assert (after.first_response_at, after.resolve_due) == (None, before.resolve_due)


def test_who_does_not_sign_within_a_day_loses_it_to_the_next_rung(town: Town) -> None:
    request_id = raised(town)
    assert town.due(request_id, "escalate") == [clock.now() + timedelta(days=1)]
    town.later(days=1)
    assert rung(town, request_id) == "clerk"
    town.later(days=1)
    assert rung(town, request_id) == "township_officer"
    town.later(days=5)
    assert rung(town, request_id) == "township_officer"


def test_who_signs_has_seven_days_to_answer(town: Town) -> None:
    request_id = raised(town)
    town.act(request_id, "sign_for", town.chair)
    by = clock.end_of_service_day(clock.now(), 7)
    assert town.due(request_id, "escalate") == [by]
    town.later(days=6)
    assert rung(town, request_id) == "chair"
    clock.set_time(by + timedelta(minutes=1), speed=0.0)
    town.work()
    assert rung(town, request_id) == "clerk"
    assert "sign_for" in town.actions(request_id, town.clerk)


def test_the_township_has_working_days(town: Town) -> None:
    request_id = town.bring("accepted")
    town.set(request_id, escalated_to="township_officer")
    town.act(request_id, "sign_for", town.chair)
    by = workdays.end_of_working_day(clock.now(), 15)
    assert town.events(request_id)[-1].data["receive_by"] == by.isoformat()
    assert town.due(request_id, "escalate") == []


def test_the_committee_reads_what_was_put_to_it_and_nothing_before_or_after(town: Town) -> None:
    request_id = raised(town)
    assert relations(town, request_id) == frozenset()
    town.act(request_id, "escalate", town.chair, reason=WHY)
    assert relations(town, request_id) == {ABOVE}
    assert town.actions(request_id, town.clerk) == ["sign_for", "answer_escalation"]
    assert "answer_escalation" not in town.actions(request_id, town.chair)
    with pytest.raises(WrongState):
        town.act(request_id, "answer_escalation", town.chair, text="算了")
    town.act(request_id, "answer_escalation", town.clerk, text="借一台来")
    assert relations(town, request_id) == frozenset()


def relations(town: Town, request_id: UUID) -> frozenset[str]:
    row = town.request(request_id)
    return town.run(lambda session: REQUEST.relations(session, town.clerk, row))


def test_a_clerk_who_is_kin_does_not_find_it(town: Town) -> None:
    request_id = raised(town)
    town.act(request_id, "escalate", town.chair, reason=WHY)
    town.kin(town.clerk, town.villager)
    with pytest.raises(NotFound):
        town.act(request_id, "sign_for", town.clerk)


def test_the_villager_cannot_raise_it_herself(town: Town) -> None:
    with pytest.raises(Forbidden):
        town.act(town.bring("accepted"), "escalate", town.villager, reason=WHY)


@pytest.mark.parametrize("facts", [{"sealed": True}, {"waits_for": "safe_path"}])
def test_of_disputes_and_violence_the_rung_sees_the_state_alone(
    town: Town, facts: dict[str, object]
) -> None:
    request_id = raised(town)
    plain = access.request_view(town.request(request_id), frozenset({ABOVE}))
    town.set(request_id, **facts)
    seen = access.request_view(town.request(request_id), frozenset({ABOVE}))
    assert (plain, seen) == ({access.META, access.CONTENT}, {access.META})


@pytest.mark.parametrize("state", ["accepted", "needs_info"])
def test_while_the_clock_rests_so_does_the_receipt(town: Town, state: str) -> None:
    request_id = raised(town, state)
    if state == "accepted":
        town.act(request_id, "ask", question="哪一盏？")
    town.later(days=2)
    assert rung(town, request_id) == "chair"
    town.act(request_id, "answer", town.villager, text="第三盏")
    town.later(days=3)
    assert rung(town, request_id) != "chair"
