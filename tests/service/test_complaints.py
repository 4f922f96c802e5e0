"""Complaints about an officer: past her, upwards where nobody answers, seen by nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.service.house import House
from tests.service.test_problems import problem
from tests.village.town import stepped
from village import clock, complaints, retention
from village.db import transaction

VILLAGER, HEAD, DEPUTY, CHAIR, CLERK, TOWNSHIP = "u041", "u006", "u023", "u001", "u067", "u901"
OTHERS = ("u045", HEAD, DEPUTY, "u005", CHAIR, "u101", "u061", "u066", CLERK, "u068", TOWNSHIP)
RUDE = {"office": "head", "station": "public_works", "reason": "rude", "text": "说话难听"}


@pytest.fixture(autouse=True)
def wednesday_at_ten(tmp_path: Path) -> Iterator[None]:
    with stepped(tmp_path):
        yield


def say(house: House, **said: Any) -> str:
    return str(house.done("/complaints", VILLAGER, {**RUDE, **said})["id"])


def readers(house: House, complaint: str) -> set[str]:
    """Those who may read it, or find it in a list; both are the same people."""
    found = {one for one in OTHERS if house.get(f"/complaints/{complaint}", one).status_code == 200}
    listed = {
        one
        for one in OTHERS
        if complaint in str(house.seen("/complaints?scope=handled", one)["items"])
    }
    assert found == listed
    return found


def later(house: House, **delta: float) -> None:
    clock.step(timedelta(**delta))
    with transaction(house.context.engine) as session:
        complaints.sweep(session)


def inbox(house: House, person: str) -> list[str]:
    return [line["title"] for line in house.seen("/notifications", person)["items"]]


@pytest.mark.parametrize(
    ("office", "station", "reader"),
    [("head", "public_works", CHAIR), ("deputy", "public_works", CHAIR),
     ("mediator", None, CLERK), ("chair", None, CLERK), ("clerk", None, TOWNSHIP)],
)  # fmt: skip
def test_it_goes_past_the_officer_to_the_rung_above(
    house: House, office: str, station: str | None, reader: str
) -> None:
    complaint = say(house, office=office, station=station)
    assert readers(house, complaint) == {reader}
    assert "有一条意见请您看" in inbox(house, reader)
    assert [one for one in OTHERS if "有一条意见请您看" in inbox(house, one)] == [reader]


def test_who_is_complained_about_sees_nothing_whatever_she_becomes(house: House) -> None:
    """The head comes to chair the association as well, even alone: it goes on to the committee."""
    complaint = say(house)
    (head,) = house.rows("select id from people where code = :code", code=HEAD)
    house.rows(
        "update role_grants set person_id = :head where role = 'chair' and unit_code = '990101' "
        "returning id",
        head=head.id,
    )
    assert readers(house, complaint) == set()
    again = say(house)
    assert readers(house, again) == {CLERK}
    later(house, days=1)
    assert readers(house, complaint) == {CLERK}


def test_it_is_received_answered_and_closed(house: House) -> None:
    path = f"/complaints/{say(house)}"
    assert house.seen(path, CHAIR)["allowed_actions"] == ["receive", "answer"]
    assert house.done(f"{path}/receive", CHAIR)["due_at"] == "2026-12-02T20:00:00+08:00"
    told = house.done(f"{path}/answer", CHAIR, {"text": "已经和本人谈过"})
    assert (told["status"], told["allowed_actions"]) == ("answered", [])
    mine = house.seen(path, VILLAGER)
    assert (mine["answer"], mine["allowed_actions"]) == ("已经和本人谈过", ["close", "raise"])
    assert house.done(f"{path}/close", VILLAGER)["status"] == "closed"
    problem(house.post(f"{path}/close", VILLAGER), 409, "complaint_over")
    assert {"您的意见有人在看了", "您的意见有答复了"} <= set(inbox(house, VILLAGER))


def test_what_nobody_signs_or_answers_goes_up_and_the_last_is_reminded(house: House) -> None:
    complaint = say(house)
    later(house, days=1)
    assert readers(house, complaint) == {CLERK}
    house.done(f"/complaints/{complaint}/receive", CLERK)
    later(house, days=7, hours=10)
    assert readers(house, complaint) == {TOWNSHIP}
    for _ in range(3):
        later(house, days=1)
    assert readers(house, complaint) == {TOWNSHIP}
    assert inbox(house, TOWNSHIP).count("有一条意见还没有答复") == 3
    assert [step["text"] for step in house.seen(f"/complaints/{complaint}", VILLAGER)["steps"]] == [
        "提了意见，由协会会长来看", "没有按时答复，转给村委会", "村委会签收了",
        "没有按时答复，转给乡镇",
    ]  # fmt: skip


def words(house: House, complaint: str) -> str:
    (row,) = house.rows("select text from complaints where id = :id", id=complaint)
    return str(row[0])


def test_what_nobody_answers_is_forgotten_with_her_who_had_herself_erased(house: House) -> None:
    complaint = say(house)
    later(house, days=1)
    later(house, days=1)
    house.done("/me/deletion", VILLAGER, {"anyway": True})
    later(house, days=89)
    assert words(house, complaint) == RUDE["text"]
    later(house, days=2)
    assert RUDE["text"] not in words(house, complaint)
    before = len(inbox(house, TOWNSHIP))
    later(house, days=30)
    assert len(inbox(house, TOWNSHIP)) == before  # nobody is reminded any more


def test_words_are_kept_as_long_as_a_request_s(house: House) -> None:
    still, over = say(house), say(house, text="收了东西")
    house.done(f"/complaints/{over}/answer", CHAIR, {"text": "没有这回事"})
    house.done(f"/complaints/{over}/close", VILLAGER)
    clock.step(timedelta(days=2 * 365 - 1))
    assert forgotten(house) == (0, 0)
    clock.step(timedelta(days=2))
    assert forgotten(house) == (1, 1)
    assert "收了东西" not in words(house, over)
    assert words(house, still) == RUDE["text"]
    assert forgotten(house) == (0, 0)


def forgotten(house: House) -> tuple[int, int]:
    with transaction(house.context.engine) as session:
        return retention.due(session).complaints, retention.run(session)


def test_an_answer_is_put_to_the_next_rung_once(house: House) -> None:
    complaint = say(house)
    path = f"/complaints/{complaint}"
    house.done(f"{path}/answer", CHAIR, {"text": "没有这回事"})
    house.done(f"{path}/raise", VILLAGER, {"text": "有人看见了"})
    assert readers(house, complaint) == {CLERK}
    house.done(f"{path}/answer", CLERK, {"text": "已经处理"})
    assert house.seen(path, VILLAGER)["allowed_actions"] == ["close"]
    refused = house.post(f"{path}/raise", VILLAGER, {"text": "还是不行"})
    problem(refused, 409, "complaint_over")
    later(house, days=15)
    assert house.seen(path, VILLAGER)["status"] == "closed"


def test_who_hides_is_not_named_to_who_handles_it(house: House) -> None:
    shown, hidden = say(house), say(house, hide_me=True)
    assert house.seen(f"/complaints/{shown}", CHAIR)["complainant"] == "程家明"
    assert house.seen(f"/complaints/{hidden}", CHAIR)["complainant"] is None


@pytest.mark.parametrize(
    "wrong",
    [{"station": None}, {"office": "chair"}, {"office": "council_chair", "station": "culture"},
     {"request": "01900000-0000-7000-8000-000000000000"}, {"reason": "magic"}, {"text": ""},
     {"village": "999999"}],
)  # fmt: skip
def test_what_makes_no_complaint_is_said_plainly(house: House, wrong: dict[str, Any]) -> None:
    problem(house.post("/complaints", VILLAGER, {**RUDE, **wrong}), 422, "invalid")


def test_the_request_it_is_about_says_nothing_of_it(house: House) -> None:
    made = house.submit(VILLAGER, category="PUB-03")["id"]
    before = house.seen(f"/requests/{made}/timeline", HEAD)
    say(house, request=made)
    assert house.seen(f"/requests/{made}/timeline", HEAD) == before


def test_five_at_a_time(house: House) -> None:
    for _ in range(complaints.MOST_OPEN):
        say(house)
    assert house.post("/complaints", VILLAGER, RUDE).status_code == 422
