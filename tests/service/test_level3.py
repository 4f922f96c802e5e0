"""Level-3 answers: sealed at rest, opened for who may read them, and every read noted."""

from __future__ import annotations

from typing import Any

from tests.service.house import House

HEAD, CHAIR, OTHER_HEAD, VILLAGER = "u002", "u001", "u006", "u041"
CANARY = "卧床"
CARE = {"category": "AID-01", "answers": {"mobility": CANARY, "needs": ["做饭"]}}


def agree(house: House, caller: str, *, accepted: bool = True) -> None:
    """The separate consent to sensitive answers (PIPL 29)."""
    sent = {"document": "sensitive", "version": "2026-11", "accepted": accepted}
    house.done("/me/consents", caller, sent)


def everywhere(house: House, text: str) -> list[str]:
    """The tables in which a text stands anywhere."""
    names = house.rows(
        "select table_name from information_schema.tables where table_schema = 'public'"
    )
    return [
        name
        for (name,) in names
        if house.rows(f"select 1 from {name} t where t::text like :text limit 1", text=f"%{text}%")
    ]


def log(house: House) -> list[Any]:
    return house.rows(
        "select p.code, l.role, l.fields, l.person_id from access_log l"
        " join people p on p.id = l.reader_id order by l.id"
    )


def test_the_database_does_not_hold_them_plain(house: House) -> None:
    agree(house, VILLAGER)
    made = house.call(
        "POST", "/requests", VILLAGER, headers={"Idempotency-Key": "k-1"},
        json={"village": "990101", "text": "想请人搭把手", **CARE},
    )  # fmt: skip
    assert made.status_code == 201
    assert made.json["answers"] == CARE["answers"]
    assert everywhere(house, CANARY) == []
    assert everywhere(house, "搭把手") != []
    again = house.call(
        "POST", "/requests", VILLAGER, headers={"Idempotency-Key": "k-1"},
        json={"village": "990101", "text": "想请人搭把手", **CARE},
    )  # fmt: skip
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json == made.json


def test_openids_are_not_in_the_database(house: House) -> None:
    house.login(VILLAGER)
    assert everywhere(house, f"demo-{VILLAGER}") == []


def test_who_reads_anothers_is_noted_and_she_herself_is_not(house: House) -> None:
    agree(house, VILLAGER)
    made = house.submit(VILLAGER, **CARE)
    path = f"/requests/{made['id']}"
    assert house.seen(path, VILLAGER)["answers"] == CARE["answers"]
    assert log(house) == []
    assert house.seen(path, HEAD)["answers"] == CARE["answers"]
    ((code, role, fields, whose),) = log(house)
    assert (code, role, fields) == (HEAD, "head", ["mobility"])
    assert str(whose) == house.seen("/me", VILLAGER)["id"]
    assert house.get(path, OTHER_HEAD).status_code == 404
    assert len(log(house)) == 1


def test_lists_open_nothing_and_note_nothing(house: House, statements: Any) -> None:
    agree(house, VILLAGER)
    house.submit(VILLAGER, **CARE)
    house.login(HEAD)
    (item,) = house.seen("/requests?scope=station", HEAD)["items"]
    assert item["answers"] == {"needs": ["做饭"]}
    assert log(house) == []


def test_a_value_that_cannot_be_opened_is_a_503_and_no_500(house: House) -> None:
    agree(house, VILLAGER)
    made = house.submit(VILLAGER, **CARE)
    house.rows(
        "update requests set sealed_answers = overlay(sealed_answers placing '\\x00' from 40)"
    )
    answer = house.get(f"/requests/{made['id']}", VILLAGER)
    assert (answer.status_code, answer.json["code"]) == (503, "unreadable")
