"""Lists: a stable order, opaque cursors, bounds; and ETags that differ by viewer."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.service.house import House
from tests.service.test_problems import problem

LISTS = ("/requests", "/offers", "/tasks", "/notifications", "/villages/990101/triage",
         "/stations/990101.public_works/queue")  # fmt: skip
CHAIR = "u001"


def walk(house: House, path: str, caller: str, limit: int) -> list[str]:
    """Follow a list to its end, and return the ids in its order."""
    found, cursor = [], ""
    while True:
        page = house.seen(f"{path}&limit={limit}{cursor}", caller)
        assert len(page["items"]) <= limit
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_a_list_is_whole_whatever_its_pages(house: House, limit: int) -> None:
    made = [house.submit(category="PUB-03")["id"] for _ in range(7)]
    assert walk(house, "/requests?scope=mine", "u041", limit) == made[::-1]
    assert walk(house, "/requests?scope=village", CHAIR, limit) == made[::-1]


def test_a_queue_puts_the_urgent_first_and_then_the_oldest(house: House) -> None:
    categories = ("PUB-08", "PUB-03", "PUB-01", "PUB-03", "PUB-08", "PUB-01")
    made = [house.submit(category=code) for code in categories]
    expected = [m["id"] for m in sorted(made, key=lambda m: (m["priority"], m["number"]))]
    for limit in (1, 4, 50):
        assert (
            walk(house, "/stations/990101.public_works/queue?view=new", "u006", limit) == expected
        )


def test_what_comes_in_between_does_not_disturb_the_pages(house: House) -> None:
    made = [house.submit()["id"] for _ in range(4)]
    first = house.seen("/requests?limit=2", "u041")
    house.submit()
    second = house.seen(f"/requests?limit=2&cursor={first['next_cursor']}", "u041")
    assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]


def test_inbox_and_tasks_have_pages_too(house: House) -> None:
    for _ in range(3):
        house.submit()
    house.work()
    assert len(walk(house, "/notifications?unread=true", "u041", 1)) == 3
    assert len(walk(house, "/notifications?unread=true", "u006", 2)) == 3


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "cursor",
    ["x", "!!!", "WyJhIl0", "W10", "bnVsbA", "0" * 400, "%00", "%F0%9F%92%A1",
     base64.urlsafe_b64encode(b'["P3\\u0000","01900000-0000-7000-8000-000000000000"]').decode(),
     base64.urlsafe_b64encode(b'["01900000-0000-7000-8000-000000000000"]'[:-3]).decode(),
     base64.urlsafe_b64encode(b'[["a"],["b"]]').decode(),
     base64.urlsafe_b64encode(b'{"a":1}').decode(),
     base64.urlsafe_b64encode(b'{"a":1,"b":2}').decode(),
     base64.urlsafe_b64encode(b'{"a":1,"b":2,"c":3}').decode(),
     base64.urlsafe_b64encode(b'"0"').decode()],
)  # fmt: skip
def test_a_cursor_that_is_none_of_ours_is_invalid(
    shared_house: House, path: str, cursor: str
) -> None:
    answer = shared_house.get(f"{path}?cursor={cursor}", CHAIR)
    code = "invalid" if cursor == "%00" else "invalid_cursor"
    assert "cursor" in problem(answer, 422, code)["errors"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5", "", "9" * 400])
def test_a_page_has_one_to_a_hundred_items(shared_house: House, path: str, limit: str) -> None:
    answer = shared_house.get(f"{path}?limit={limit}", CHAIR)
    assert "limit" in problem(answer, 422, "invalid")["errors"]


@pytest.mark.parametrize(
    "query", ["scope=all", "status=lost", "priority=P9", "station=x", "overdue=maybe", "category=("]
)
def test_an_unknown_filter_value_is_invalid(shared_house: House, query: str) -> None:
    problem(shared_house.get(f"/requests?{query}", "u041"), 422, "invalid")


def test_filters_narrow_a_list(house: House) -> None:
    lamp = house.submit(category="PUB-03")["id"]
    book = house.submit(category="CUL-04")["id"]
    house.done(f"/requests/{lamp}/accept", "u006")
    for query, expected in {
        "station=culture": [book],
        "category=PUB-03": [lamp],
        "status=accepted": [lamp],
        "priority=P4": [book],
        "unassigned=true": [book, lamp],
        "overdue=true": [],
        "status=accepted&station=culture": [],
        "utm_source=x": [book, lamp],
    }.items():
        found = house.seen(f"/requests?{query}", "u041")["items"]
        assert [item["id"] for item in found] == expected, query


def test_the_catalog_says_it_has_one_page(shared_house: House) -> None:
    for path in ("/villages", "/villages/990101/stations", "/categories?station=culture"):
        page = shared_house.get(path).json
        assert page is not None
        assert (len(page["items"]) > 0, page["next_cursor"]) == (True, None)


def test_an_etag_stands_for_what_this_viewer_sees(house: House) -> None:
    path = f"/requests/{house.submit(hide_me=True)['id']}"
    tags = {code: house.get(path, code).headers["ETag"] for code in ("u041", "u006", CHAIR)}
    assert len(set(tags.values())) == 3
    same = house.get(path, "u006", headers={"If-None-Match": tags["u006"]})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tags["u006"])
    other = house.get(path, "u006", headers={"If-None-Match": tags["u041"]})
    assert other.status_code == 200
    house.done(f"{path}/accept", "u006")
    changed = house.get(path, "u006", headers={"If-None-Match": tags["u006"]})
    assert changed.status_code == 200


@pytest.mark.parametrize("path", ["/villages", "/categories", "/bootstrap", "/me", "/requests"])
def test_what_has_not_changed_is_not_sent_again(shared_house: House, path: str) -> None:
    first = shared_house.get(path, "u041")
    again = shared_house.get(path, "u041", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_what_may_not_be_seen_is_not_confirmed_by_an_etag(house: House) -> None:
    path = f"/requests/{house.submit()['id']}"
    headers = {"If-None-Match": house.get(path, "u041").headers["ETag"]}
    problem(house.get(path, "u141", headers=headers), 404, "not_found")
    problem(house.get(path, headers=headers), 401, "unauthenticated")


def test_names_of_categories_are_in_the_callers_language(shared_house: House) -> None:
    def names(**headers: str) -> Any:
        page = shared_house.get("/categories?station=culture", headers=headers).json
        assert page is not None
        return [item["name"] for item in page["items"]][:1]

    assert names() == names(**{"Accept-Language": "fr"}) == ["文体活动建议"]
    assert names(**{"Accept-Language": "en"}) == ["Event proposal"]
