"""What must be true of every workflow table, whatever rows it has."""

from __future__ import annotations

import pytest

from tests.village.town import BRING, STATION, VILLAGE, Town
from village import request_lists
from village.models.requests import DUE_KINDS
from village.paging import Window
from village.relations import SYSTEM
from village.workflow import recusal
from village.workflow import request_limits as limits
from village.workflow.engine import START, Machine, Transition
from village.workflow.offer import LIVE, OFFER
from village.workflow.request import ACTIVE, OPEN, REQUEST

MACHINES = (REQUEST, OFFER)
PEOPLE_DECIDE = ("draft", *ACTIVE, "resolved")
WAITING = ("offered", "expired", *LIVE)


def exits(machine: Machine, state: str) -> list[Transition]:
    return [row for row in machine.rows if state in row.sources]


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_rows_go_from_known_states_to_known_states(machine: Machine) -> None:
    for row in machine.rows:
        assert set(row.sources) <= {START, *machine.states}, row.action
        assert row.target in machine.states, row.action
        assert len(set(row.sources)) == len(row.sources)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_can_be_reached(machine: Machine) -> None:
    reached, before = {START}, set[str]()
    while reached != before:
        before = set(reached)
        reached |= {row.target for row in machine.rows if reached & set(row.sources)}
    assert reached - {START} == set(machine.states)


@pytest.mark.parametrize("state", PEOPLE_DECIDE)
def test_a_request_that_is_not_ended_leaves_a_way_on_to_people(state: str) -> None:
    unconditional = [row for row in exits(REQUEST, state) if row.when is None]
    assert [row for row in unconditional if row.who != (SYSTEM,) and row.target != state]


@pytest.mark.parametrize("state", WAITING)
def test_an_invitation_that_waits_leaves_a_way_on_to_the_invited(state: str) -> None:
    assert [row for row in exits(OFFER, state) if row.who != (SYSTEM,)]


def test_ended_requests_live_again_only_by_reopening() -> None:
    for state in limits.ENDED:
        assert {row.action for row in exits(REQUEST, state)} <= {
            "danger",
            "reopen",
            "keep",
            "helped",
            "ask_helped",
            "unmerge",
            "part",
            "claim",
            "call_back",
            "still_open",
            "answer",
            "ask_review",
        }
    assert set(PEOPLE_DECIDE) | set(limits.ENDED) == set(REQUEST.states)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_no_row_is_hidden_by_one_above_it(machine: Machine) -> None:
    for index, row in enumerate(machine.rows):
        for above in machine.rows[:index]:
            same = above.action == row.action and above.when is None
            hidden = same and set(row.sources) <= set(above.sources)
            assert not (hidden and set(row.who) <= set(above.who)), (row.action, row.sources)


def test_every_row_says_which_rule_it_follows() -> None:
    assert all(row.rule for machine in MACHINES for row in machine.rows)


def test_every_decision_of_an_officer_asks_whether_she_is_too_close() -> None:
    for row in REQUEST.rows:
        if {"head", "chair"} & set(row.who):
            assert recusal.not_recused in row.guards, row.action


def test_due_times_of_states_are_known() -> None:
    assert set(limits.STATE_DUE) <= set(REQUEST.states)
    assert set(limits.STATE_DUE.values()) <= set(DUE_KINDS)


@pytest.mark.parametrize("state", PEOPLE_DECIDE)
def test_every_state_is_seen_in_a_queue_or_has_a_time_at_which_it_ends(
    shared_town: Town, state: str
) -> None:
    request_id = shared_town.bring(state)
    window = Window(limit=100, cursor=None)

    def seen(actor: str) -> set[object]:
        who = getattr(shared_town, actor)
        pages = [request_lists.queue, request_lists.triage]
        places = [(VILLAGE, STATION, "open"), (VILLAGE,)]
        found = set()
        for page, place in zip(pages[: 2 if actor == "chair" else 1], places, strict=False):
            views = shared_town.run(lambda s, p=page, at=place: p(s, who, *at, window))
            found |= {view.request.id for view in views.items}
        return found

    due = limits.STATE_DUE.get(state)
    ends = bool(due and shared_town.due(request_id, due)) and state in ("draft", "resolved")
    assert ends or request_id in seen("head") | seen("chair")


def test_requests_can_be_brought_into_every_state(shared_town: Town) -> None:
    for state in BRING:
        assert shared_town.status(shared_town.bring(state)) == state
    assert set(BRING) == set(REQUEST.states)
    assert set(OPEN) < set(ACTIVE) < set(BRING)
