"""What volunteers can answer, over HTTP: yes with an hour, the reserve, and a no with a reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.service.house import House
from tests.service.test_problems import problem
from tests.service.test_walk import invited
from village import clock, offers
from village.db import transaction
from village.models import Person, Task

PEOPLE = ("u016", "u017", "u035", "u036")


def sent_out(house: House, people: int = 2) -> str:
    """A lamp for which volunteers are asked; returns the request's id."""
    made = house.submit(category="PUB-03")
    house.done(f"/requests/{made['id']}/accept", "u006")
    body = {"task": {"people_needed": people, "skills": []}}
    house.done(f"/requests/{made['id']}/dispatch", "u006", body)
    house.work()
    return str(made["id"])


def offer_of(house: House, caller: str, status: str = "") -> Any:
    """The newest invitation of a volunteer."""
    query = f"?status={status}" if status else ""
    return house.seen(f"/offers{query}", caller)["items"][0]


def filled(house: House) -> tuple[str, str]:
    """A task for one with two invited: who said yes, and who was too late."""
    request_id = sent_out(house, people=1)
    (first,) = invited(house, request_id)
    late = next(code for code in PEOPLE if code != first)
    invite(house, request_id, late)
    house.done(f"/offers/{offer_of(house, first)['id']}/accept", first)
    return first, late


def invite(house: House, request_id: str, code: str) -> None:
    """Invite one more, as the next round would."""
    with transaction(house.context.engine) as session:
        task = session.scalars(sa.select(Task).where(Task.request_id == UUID(request_id))).one()
        person_id = session.scalars(sa.select(Person.id).where(Person.code == code)).one()
        until = clock.now() + timedelta(hours=1)
        offers.invite(session, task, person_id, wave=1, expires_at=until)


# ------------------------------------------------------------------ yes, in two hours


def test_a_yes_says_when_she_will_be_there_and_the_head_sees_it(house: House) -> None:
    helper = invited(house, sent_out(house))[0]
    soon = (clock.now() + timedelta(hours=2)).isoformat()
    card = house.done(f"/offers/{offer_of(house, helper)['id']}/accept", helper, {"arrival": soon})
    assert _same(card["arrival"], soon)
    assert card["people"] == []
    seen = house.seen(f"/tasks/{card['id']}", "u006")["people"]
    assert [(each["status"], _same(each["arrival"], soon)) for each in seen] == [("taken", True)]
    assert seen[0]["name"] == house.seen("/me", helper)["name"]


def _same(shown: str, moment: str) -> bool:
    return clock.datetime.fromisoformat(shown) == clock.datetime.fromisoformat(moment)


@pytest.mark.parametrize("days", [-1, 30])
def test_nobody_arrives_outside_the_tasks_time(house: House, days: int) -> None:
    helper = invited(house, sent_out(house))[0]
    offer = offer_of(house, helper)
    wrong = {"arrival": (clock.now() + timedelta(days=days)).isoformat()}
    answer = house.post(f"/offers/{offer['id']}/accept", helper, wrong)
    problem(answer, 422, "arrival_outside")
    assert offer_of(house, helper)["status"] == "offered"


def test_an_old_yes_is_asked_again_and_a_fresh_one_counts(house: House) -> None:
    helper = invited(house, sent_out(house))[0]
    path = f"/offers/{offer_of(house, helper)['id']}/accept"
    old = {"offline_since": (clock.now() - timedelta(hours=2)).isoformat()}
    headers = {"Idempotency-Key": "yes"}
    for _ in range(2):
        problem(house.post(path, helper, old, headers=headers), 409, "confirm_again")
    assert house.done(path, helper)["status"] == "accepted"


# ------------------------------------------------------------------ too late, and the reserve


def test_who_is_too_late_is_told_at_once_and_without_a_push(house: House) -> None:
    _, late = filled(house)
    answer = house.post(f"/offers/{offer_of(house, late)['id']}/accept", late)
    assert problem(answer, 409, "filled")["allowed_actions"] == ["stand_by"]
    house.work()
    line = house.seen("/notifications", late)["items"][0]
    assert line["title"] == "这次不用麻烦您了"
    found = house.rows(
        """select count(*) from deliveries join notifications n on n.id = notification_id
           where n.id = :id""",
        id=line["id"],
    )
    assert found[0][0] == 0


def test_the_reserve_is_asked_first_when_a_place_opens_again(house: House) -> None:
    first, late = filled(house)
    house.work()
    path = f"/offers/{offer_of(house, late)['id']}"
    for _ in range(2):
        assert house.done(f"{path}/stand_by", late)["stands_by"] is True
    task = house.seen("/tasks", first)["items"][0]["id"]
    before = len(house.rows("select 1 from offers"))
    house.done(f"/tasks/{task}/release", first)
    house.work()
    asked = offer_of(house, late, "open")
    assert (asked["status"], asked["stands_by"]) == ("offered", False)
    assert [each["kind"] for each in asked["why"]] == ["reserve"]
    assert len(house.rows("select 1 from offers")) == before  # nobody else yet
    assert house.seen("/notifications", late)["items"][0]["title"] == "有名额空出来了"
    house.done(f"{path}/decline", late)
    house.work()
    assert len(house.rows("select 1 from offers")) > before


def test_the_villager_hears_that_who_was_to_come_does_not(house: House) -> None:
    """Her last word was that somebody comes at a time; nobody is named or blamed."""
    first, _ = filled(house)
    house.work()
    assert house.seen("/notifications", "u041")["items"][0]["title"] == "已接单"
    task = house.seen("/tasks", first)["items"][0]["id"]
    house.done(f"/tasks/{task}/release", first)
    house.work()
    line = house.seen("/notifications", "u041")["items"][0]
    assert line["title"] == "正在再找人"
    assert house.seen("/me", first)["name"] not in str(line)


def test_who_stands_by_may_take_it_back(house: House) -> None:
    first, late = filled(house)
    path = f"/offers/{offer_of(house, late)['id']}"
    house.done(f"{path}/stand_by", late)
    for _ in range(2):
        assert house.done(f"{path}/stand_down", late)["stands_by"] is False
    task = house.seen("/tasks", first)["items"][0]["id"]
    house.done(f"/tasks/{task}/release", first)
    house.work()
    assert offer_of(house, late)["status"] == "withdrawn"


def test_the_reserve_is_short_and_not_for_what_is_free_or_over(house: House) -> None:
    request_id = sent_out(house, people=1)
    free = invited(house, request_id)[0]
    path = f"/offers/{offer_of(house, free)['id']}"
    problem(house.post(f"{path}/stand_by", free), 409, "place_free")
    house.done(f"/requests/{request_id}/recall", "u006")
    problem(house.post(f"{path}/stand_by", free), 409, "ended")


def test_what_she_said_ends_with_the_task(house: House) -> None:
    first, late = filled(house)
    house.done(f"/offers/{offer_of(house, late)['id']}/stand_by", late)
    task = house.seen("/tasks", first)["items"][0]["id"]
    house.done(f"/tasks/{task}/check_in", first)
    house.done(f"/tasks/{task}/complete", first, {"result": "换好了", "minutes": 20})
    house.work()
    assert offer_of(house, late)["stands_by"] is False
    assert house.seen("/notifications", late)["items"][0]["title"] == "谢谢您愿意替补"


# ------------------------------------------------------------------ a no with a reason


def test_not_this_kind_is_kept_until_she_undoes_it(house: House) -> None:
    helper = invited(house, sent_out(house))[0]
    path = f"/offers/{offer_of(house, helper)['id']}/decline"
    assert house.done(path, helper, {"reason": "not_this_kind"})["status"] == "declined"
    wishes = house.seen("/me/dispatch", helper)
    assert [each["category"] for each in wishes["disliked"]] == ["PUB-03"]
    answer = house.call("PUT", "/me/dispatch", helper, json={"disliked": []})
    assert (answer.json or {})["disliked"] == []


def test_not_these_days_is_time_off(house: House) -> None:
    helper = invited(house, sent_out(house))[0]
    until = (clock.now() + timedelta(days=3)).isoformat()
    path = f"/offers/{offer_of(house, helper)['id']}/decline"
    house.done(path, helper, {"reason": "not_these_days", "until": until})
    away = house.seen("/me/availability", helper)["time_off"]
    assert [_same(each["to"], until) for each in away] == [True]


def test_ask_me_less_counts_and_is_undone(house: House) -> None:
    helper = invited(house, sent_out(house))[0]
    house.done(
        f"/offers/{offer_of(house, helper)['id']}/decline", helper, {"reason": "ask_me_less"}
    )
    assert house.seen("/me/dispatch", helper)["ask_less"] is True
    assert house.call("PUT", "/me/dispatch", helper, json={"ask_less": False}).status_code == 200
    assert house.seen("/me/dispatch", helper)["ask_less"] is False


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"reason": "too_far"}, "invalid"),
        ({"reason": "busy", "until": "2030-01-01T00:00:00+08:00"}, "until_outside"),
        ({"reason": "not_these_days", "until": "2020-01-01T00:00:00+08:00"}, "until_outside"),
    ],
)
def test_a_reason_that_does_not_fit_changes_nothing(
    house: House, sent: dict[str, str], code: str
) -> None:
    helper = invited(house, sent_out(house))[0]
    offer = offer_of(house, helper)
    problem(house.post(f"/offers/{offer['id']}/decline", helper, sent), 422, code)
    assert offer_of(house, helper)["status"] == "offered"


def test_nobody_else_sees_a_no_or_its_reason(house: House) -> None:
    request_id = sent_out(house)
    helper = invited(house, request_id)[0]
    path = f"/offers/{offer_of(house, helper)['id']}"
    house.done(f"{path}/decline", helper, {"reason": "busy"})
    task = house.seen("/tasks?scope=station", "u006")["items"][0]["id"]
    for reader in ("u006", "u001"):
        for page in (
            f"/tasks/{task}",
            f"/requests/{request_id}",
            f"/requests/{request_id}/timeline",
        ):
            text = house.get(page, reader).text
            assert [word for word in ("declin", "busy") if word in text] == []


# ------------------------------------------------------------------ the invitation itself


def test_an_invitation_says_why_she_is_asked_and_notes_when_it_was_seen(house: House) -> None:
    helper = invited(house, sent_out(house))[0]
    assert house.rows("select count(opened_at) from offers")[0][0] == 0
    offer = offer_of(house, helper)
    assert "station" in {each["kind"] for each in offer["why"]}
    assert all(each["text"] and "{" not in each["text"] for each in offer["why"])
    assert offer["allowed_actions"] == ["accept", "decline"]
    seen = "select opened_at from offers where id = :id"
    first = house.rows(seen, id=offer["id"])[0][0]
    assert first is not None
    offer_of(house, helper)
    assert house.rows(seen, id=offer["id"])[0][0] == first
    assert house.rows("select count(opened_at) from offers")[0][0] == 1
