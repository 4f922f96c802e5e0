"""The safe path while the chair is away or her office vacant, and how it ends at a station."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.service.house import House
from tests.service.test_emergency import told
from tests.service.test_problems import problem
from tests.service.test_safe_path import BEATEN, CHAIR, WAYS, let_an_hour_pass, written
from tests.service.world import CLERK
from village import clock, outbox
from village.db import transaction


def away(house: House, who: str) -> None:
    """She is away for two days, and nobody covers for her."""
    house.rows(
        "insert into absences (person_id, village_code, starts_at, ends_at, set_by, set_at) "
        "select id, '990101', :now, :end, id, :now from people where code = :who",
        who=who, now=clock.now(), end=clock.now() + timedelta(days=2),
    )  # fmt: skip


def leave_office(house: House, who: str) -> None:
    """Her term as chair is over."""
    house.rows(
        "update role_grants set valid_to = :now where role = 'chair' "
        "and person_id = (select id from people where code = :who)",
        who=who, now=clock.now(),
    )  # fmt: skip


GONE = [(away, "会长这几天不在"), (leave_office, "村里现在没有会长")]


@pytest.mark.parametrize(("gone", "why"), GONE, ids=["away", "vacant"])
@pytest.mark.parametrize("way", WAYS)
def test_where_no_chair_is_there_the_clerk_is_told_why_and_can_act(
    movable_clock: None, house: House, way: str, gone: Any, why: str
) -> None:
    gone(house, CHAIR)
    path = f"/requests/{written(house, way)['id']}"
    house.work()
    (line,) = house.seen("/notifications", CLERK)["items"]
    assert why in line["text"]
    assert "回避" not in line["text"]
    (seen,) = house.seen("/requests?scope=stand_in", CLERK)["items"]
    assert (seen["text"], "hand_over" in seen["allowed_actions"]) == (BEATEN, True)
    house.done(f"{path}/hand_over", CLERK, {"receiver": "派出所", "basis": "consent"})
    assert house.seen(path, "u047")["status"] == "handed_over"


def test_a_chair_who_is_back_has_it_again_and_a_lamp_waits_for_her(
    movable_clock: None, house: House
) -> None:
    away(house, CHAIR)
    path = f"/requests/{written(house, 'answered no on her phone')['id']}"
    house.submit("u041", text="有件事想请大家评一评")
    assert len(house.seen("/requests?scope=stand_in", CLERK)["items"]) == 1
    assert house.seen(path, CHAIR)["text"] == BEATEN  # away is not close
    clock.step(timedelta(days=3))
    house.logged_in.clear()
    problem(house.get(path, CLERK), 404, "not_found")
    assert "route" in house.seen(path, CHAIR)["allowed_actions"]


def test_who_covers_for_the_chair_has_it_as_the_chair(movable_clock: None, house: House) -> None:
    cover = house.seen("/me", CLERK)["id"]
    now = clock.now()
    body = {"from": now.isoformat(), "to": (now + timedelta(days=2)).isoformat(), "cover": cover}
    assert house.call("PUT", "/villages/990101/absence", CHAIR, json=body).status_code == 200
    path = f"/requests/{written(house, 'answered no on her phone')['id']}"
    assert "route" in house.seen(path, CLERK)["allowed_actions"]
    assert house.seen("/requests?scope=stand_in", CLERK)["items"] == []  # nobody stands in


def test_where_the_chair_is_gone_after_it_came_the_ladder_reaches_who_can_act(
    movable_clock: None, house: House
) -> None:
    path = f"/requests/{written(house, 'answered no on her phone')['id']}"
    away(house, CHAIR)
    let_an_hour_pass(house)
    assert "急事还没有人看" in told(house, CLERK)
    assert "acknowledge" in house.seen(path, CLERK)["allowed_actions"]


def at_station(house: House, station: str, **facts: Any) -> str:
    path = f"/requests/{written(house, 'answered no on her phone', **facts)['id']}"
    house.done(f"{path}/route", CHAIR, {"station": station, "reason": "先帮一把"})
    return path


def solved(house: House, path: str, head: str, other: str) -> None:
    house.done(f"{path}/handle", head)
    house.done(f"{path}/submit_result", head, {"result": "送了米和油"})
    house.done(f"{path}/resolve", other)


CATEGORIES = [None, "MED-03", "AID-09", "PUB-03"]


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_station_ends_it_and_her_word_closes_it(
    movable_clock: None, house: House, category: str | None
) -> None:
    path = at_station(house, "mutual_aid", category=category)
    house.done(f"{path}/accept", "u002")
    solved(house, path, "u002", "u019")
    house.done(f"{path}/confirm", "u047", {"solved": "yes"})
    assert house.seen(path, "u047")["status"] == "closed"


def test_what_was_not_solved_goes_on_and_comes_to_the_chair_again(
    movable_clock: None, house: House
) -> None:
    path = at_station(house, "mutual_aid")
    house.done(f"{path}/accept", "u002")
    solved(house, path, "u002", "u019")
    house.done(f"{path}/reopen", "u047", {"reason": "又动手了"})
    house.done(f"{path}/submit_result", "u002", {"result": "又去看了"})
    house.done(f"{path}/resolve", "u019")
    house.done(f"{path}/reopen", "u047", {"reason": "又动手了"})
    (seen,) = house.seen("/villages/990101/triage", CHAIR)["items"]
    assert (seen["text"], "hand_over" in seen["allowed_actions"]) == (BEATEN, True)


def test_what_nobody_answers_is_closed_and_not_called_solved(
    movable_clock: None, house: House
) -> None:
    path = at_station(house, "mutual_aid")
    house.done(f"{path}/accept", "u002")
    solved(house, path, "u002", "u019")
    clock.step(timedelta(days=8))
    house.logged_in.clear()
    with transaction(house.context.engine) as session:
        outbox.sweep_deadlines(session)
    house.work()
    seen = house.seen(path, "u047")
    assert (seen["status"], seen["rating"]) == ("closed", None)


def test_that_it_cannot_be_done_is_said_by_two(movable_clock: None, house: House) -> None:
    path = at_station(house, "mutual_aid")
    house.done(f"{path}/accept", "u002")
    house.done(f"{path}/ask_unresolved", "u002", {"reason": "站里帮不上"})
    sent = {"reason": "站里帮不上", "advice": "请打110或12338"}
    house.done(f"{path}/countersign", CHAIR, sent)
    assert house.seen(path, "u047")["status"] == "unresolved_closed"
