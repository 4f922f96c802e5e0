"""How many SQL statements a call takes: few, and no more of them with more rows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.service.house import LAMP, House
from tests.service.test_walk import invited

Statements = Callable[[], AbstractContextManager[list[str]]]


def counted(statements: Statements, house: House, path: str, caller: str) -> int:
    house.login(caller)
    with statements() as found:
        house.seen(path, caller)
    return len(found)


def test_a_request_is_accepted_and_sent_out_in_few_statements(
    house: House, statements: Statements
) -> None:
    path = f"/requests/{house.submit(category='PUB-03')['id']}"
    house.login("u006")
    with statements() as found:
        house.done(f"{path}/accept", "u006")
        house.done(f"{path}/dispatch", "u006")
    assert len(found) <= 18, found


def test_a_request_is_written_in_eight_statements(house: House, statements: Statements) -> None:
    body = {"village": "990101", "text": LAMP}
    house.submit()
    for headers in ({}, {"Idempotency-Key": "a"}):
        with statements() as found:
            assert house.post("/requests", "u041", body, headers=headers).status_code == 201
        assert len(found) <= 8, found


def at_work(house: House) -> str:
    """A request on which volunteers have places; returns the path."""
    made = house.submit(category="PUB-03")
    path = f"/requests/{made['id']}"
    house.done(f"{path}/accept", "u006")
    house.done(f"{path}/dispatch", "u006")
    house.work()
    for code in invited(house, made["id"])[:2]:
        offer = house.seen("/offers?status=open", code)["items"][0]["id"]
        house.done(f"/offers/{offer}/accept", code)
    house.work()
    return path


@pytest.mark.parametrize(
    ("path", "caller", "most"),
    [
        ("/requests", "u041", 4),
        ("/requests?scope=station", "u006", 4),
        ("/requests?scope=village", "u001", 4),
        ("/stations/990101.public_works/queue", "u006", 4),
        ("/villages/990101/triage", "u001", 4),
        ("/tasks?scope=station", "u006", 4),
        ("/offers", "u016", 4),
        ("/notifications", "u041", 4),
    ],
)
def test_a_list_takes_as_many_statements_for_many_rows_as_for_one(
    house: House, statements: Statements, path: str, caller: str, most: int
) -> None:
    at_work(house)
    house.submit(text="有件事想请大家评一评")
    one = counted(statements, house, path, caller)
    assert one <= most
    for _ in range(3):
        house.rows("delete from places where status = 'open'")
        house.rows("update volunteers set max_open_tasks = 20")
        at_work(house)
        house.submit(text="有件事想请大家评一评")
    items = house.seen(path, caller)["items"]
    assert len(items) > 1
    assert counted(statements, house, path, caller) == one


@pytest.mark.parametrize("caller", ["u041", "u006", "u001"])
def test_a_request_is_read_in_six_statements(
    house: House, statements: Statements, caller: str
) -> None:
    path = at_work(house)
    assert counted(statements, house, path, caller) <= 6
    assert counted(statements, house, f"{path}/timeline", caller) <= 6
