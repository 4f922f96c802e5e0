"""One request from a villager's sentence to her word on it, over HTTP."""

from __future__ import annotations

from tests.service.house import House


def test_a_request_goes_the_whole_way(house: House) -> None:
    request = house.submit("u041")
    path = f"/requests/{request['id']}"
    house.done(f"{path}/accept", "u006")
    house.done(f"{path}/dispatch", "u006")
    house.work()
    for helper in invited(house, request["id"])[:2]:
        offer = house.seen("/offers?status=open", helper)["items"][0]
        card = house.done(f"/offers/{offer['id']}/accept", helper)
        house.done(f"/tasks/{card['id']}/check_in", helper)
        house.done(f"/tasks/{card['id']}/complete", helper, {"result": "换好了", "minutes": 40})
    assert house.seen(path, "u006")["status"] == "checking"
    house.done(f"{path}/resolve", "u023")
    closed = house.done(f"{path}/confirm", "u041", {"solved": "yes", "rating": 5})
    assert (closed["status"], closed["solved"], closed["rating"]) == ("closed", "yes", 5)
    house.work()
    actions = [event["action"] for event in house.seen(f"{path}/timeline", "u041")["items"]]
    assert actions == [
        "submit", "accept", "dispatch", "fill", "start", "submit_result", "resolve", "confirm",
    ]  # fmt: skip


def invited(house: House, request_id: str) -> list[str]:
    """The codes of those who have an offer."""
    found = house.rows(
        """select code from offers join people on people.id = person_id
           where request_id = :id order by code""",
        id=request_id,
    )
    return [row.code for row in found]
