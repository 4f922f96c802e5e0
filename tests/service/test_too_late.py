"""A yes for which others were faster: refused kindly, and still counted as the yes that it was."""

from __future__ import annotations

from tests.service.house import House
from tests.service.test_problems import problem
from tests.service.test_walk import invited


def test_a_yes_that_came_too_late_is_learnt_as_a_yes_once(house: House) -> None:
    put = {"json": {"policy": "broadcast-1"}}
    assert house.call("PUT", "/villages/990101/dispatch-settings", "u001", **put).status_code == 200
    made = house.submit(category="PUB-03")
    path = f"/requests/{made['id']}"
    house.done(f"{path}/accept", "u006")
    house.done(f"{path}/dispatch", "u006", {"task": {"people_needed": 1}})
    house.work()
    first, second = invited(house, made["id"])[:2]
    offers = {
        code: house.seen("/offers?status=open", code)["items"][0]["id"] for code in (first, second)
    }
    house.done(f"/offers/{offers[first]}/accept", first)
    house.work()
    for _ in range(2):
        problem(house.post(f"/offers/{offers[second]}/accept", second), 409, "filled")
    asked = "select said_yes, status from offers where id = :offer"
    assert house.rows(asked, offer=offers[second]) == [(True, "withdrawn")]
    hers = """select yes, tries from response_stats where person_id =
        (select person_id from offers where id = :offer)"""
    found = house.rows(hers, offer=offers[second])
    assert found
    assert all(yes == 1 for yes, _ in found), found
