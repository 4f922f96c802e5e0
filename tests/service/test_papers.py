"""Insurance, training, certificates: one enters, another confirms, and only then they count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.service.house import House
from tests.service.test_problems import problem
from tests.village.town import stepped
from village import clock, papers
from village.db import transaction

HEAD, CHAIR, HELPER, OTHER = "u006", "u001", "u017", "u005"


@pytest.fixture(autouse=True)
def wednesday_at_ten(tmp_path: Path) -> Iterator[None]:
    with stepped(tmp_path):
        yield


@pytest.fixture
def path(house: House) -> str:
    helper = house.seen("/me", HELPER)["id"]
    clear = "update volunteers set insured_until = null, trained_until = null where person_id = :id"
    house.rows(f"{clear} returning person_id", id=helper)
    return f"/stations/990101.public_works/volunteers/{helper}/papers"


def insurance(**said: Any) -> dict[str, Any]:
    until = clock.today() + timedelta(days=365)
    paper = {"kind": "insurance", "issuer": "人保财险", "number": "P-1", "valid_until": str(until)}
    return {**paper, "valid_from": str(clock.today()), **said}


def insured(house: House) -> date | None:
    (row,) = house.rows(
        "select insured_until from volunteers join people on id = person_id where code = :code",
        code=HELPER,
    )
    return row.insured_until


def inbox(house: House, person: str) -> list[str]:
    return [line["title"] for line in house.seen("/notifications", person)["items"]]


def test_it_counts_when_another_has_confirmed_it(house: House, path: str) -> None:
    paper = house.done(path, HEAD, insurance())["id"]
    assert insured(house) is None
    refused = house.post(f"{path}/{paper}/confirm", HEAD)
    problem(refused, 422, "second_person_needed")
    assert house.done(f"{path}/{paper}/confirm", CHAIR)["confirmed_at"]
    assert insured(house) == clock.today() + timedelta(days=365)
    assert "您的保险登记好了" in inbox(house, HELPER)
    problem(house.post(f"{path}/{paper}/confirm", CHAIR), 409, "paper_over")


def test_what_the_chair_entered_the_head_confirms(house: House, path: str) -> None:
    paper = house.done(path, CHAIR, insurance())["id"]
    problem(house.post(f"{path}/{paper}/confirm", CHAIR), 422, "second_person_needed")
    house.done(f"{path}/{paper}/confirm", HEAD)
    assert insured(house) is not None


def test_a_head_does_not_confirm_what_her_deputy_entered(house: House, path: str) -> None:
    paper = house.done(path, "u023", insurance())["id"]
    problem(house.post(f"{path}/{paper}/confirm", HEAD), 422, "second_person_needed")


def test_a_wrong_paper_is_taken_back_and_the_one_before_counts(house: House, path: str) -> None:
    short = str(clock.today() + timedelta(days=90))
    for until in (short, str(clock.today() + timedelta(days=365))):
        paper = house.done(path, HEAD, insurance(valid_until=until))["id"]
        house.done(f"{path}/{paper}/confirm", CHAIR)
    house.done(f"{path}/{paper}/revoke", HEAD)
    assert str(insured(house)) == short
    assert "您的保险不算数了" in inbox(house, HELPER)


def test_a_certificate_opens_its_skill_and_ends_with_it(house: House, path: str) -> None:
    sent = insurance(kind="certificate", skill="电工证", valid_until=None, issuer="应急局")
    paper = house.done(path, HEAD, sent)["id"]
    found = """select skill, valid_until from certificates
        join people on id = person_id where code = :c"""
    assert ("电工证", None) not in [tuple(row) for row in house.rows(found, c=HELPER)]
    house.done(f"{path}/{paper}/confirm", CHAIR)
    assert ("电工证", None) in [tuple(row) for row in house.rows(found, c=HELPER)]
    house.done(f"{path}/{paper}/revoke", CHAIR)
    assert ("电工证", None) not in [tuple(row) for row in house.rows(found, c=HELPER)]


@pytest.mark.parametrize(
    "wrong",
    [{"valid_until": None}, {"valid_until": "2020-01-01"}, {"valid_until": "2090-01-01"},
     {"valid_from": "2026-12-24"}, {"skill": "电工证"}, {"kind": "certificate"},
     {"valid_from": "2026-13-01"}],
)  # fmt: skip
def test_days_that_do_not_fit_are_refused(house: House, path: str, wrong: Any) -> None:
    problem(house.post(path, HEAD, insurance(**wrong)), 422, "invalid")


def test_other_stations_and_villagers_see_none(house: House, path: str) -> None:
    house.done(path, HEAD, insurance())
    assert len(house.seen(path, CHAIR)["items"]) == 1
    for caller in (OTHER, HELPER, "u041"):
        assert house.get(path, caller).status_code == 403
    stranger = house.seen("/me", "u041")["id"]
    elsewhere = f"/stations/990101.public_works/volunteers/{stranger}/papers"
    assert house.post(elsewhere, HEAD, insurance()).status_code == 404


def test_a_month_before_the_end_she_and_her_station_are_told_once(house: House, path: str) -> None:
    until = str(clock.today() + timedelta(days=31))
    paper = house.done(path, HEAD, insurance(valid_until=until))["id"]
    house.done(f"{path}/{paper}/confirm", CHAIR)
    for days, count in ((0, 0), (1, 1), (1, 0)):
        clock.step(timedelta(days=days))
        with transaction(house.context.engine) as session:
            assert papers.remind(session) == count
    assert inbox(house, HELPER).count("保险快到期了") == 1
    assert inbox(house, HEAD).count("保险快到期了") == 1
