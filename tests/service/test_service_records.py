"""Minutes on the word of a second person; a third judges what is disputed; silence is no yes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.service.house import House
from tests.service.test_problems import problem
from tests.service.test_walk import invited
from tests.village.town import stepped
from village import clock, service_records
from village.db import transaction

HEAD, DEPUTY, CHAIR = "u006", "u023", "u001"


@pytest.fixture(autouse=True)
def wednesday_at_ten(tmp_path: Path) -> Iterator[None]:
    with stepped(tmp_path):
        yield


def served(house: House) -> list[str]:
    """Two volunteers have done a lamp, and their minutes are drafted."""
    path = f"/requests/{house.submit('u041')['id']}"
    house.done(f"{path}/accept", HEAD)
    house.done(f"{path}/dispatch", HEAD)
    house.work()
    helpers = invited(house, path.rpartition("/")[2])[:2]
    for helper in helpers:
        offer = house.seen("/offers?status=open", helper)["items"][0]
        card = house.done(f"/offers/{offer['id']}/accept", helper)
        house.done(f"/tasks/{card['id']}/check_in", helper)
        house.done(f"/tasks/{card['id']}/complete", helper, {"result": "好了", "minutes": 40})
    later(house)
    return helpers


def later(house: House, **delta: float) -> None:
    clock.step(timedelta(**delta))
    with transaction(house.context.engine) as session:
        service_records.draft(session)
        service_records.sweep(session)


def mine(house: House, person: str) -> Any:
    (record,) = house.seen("/me/service-records", person)["items"]
    return record


def inbox(house: House, person: str) -> list[str]:
    return [line["title"] for line in house.seen("/notifications", person)["items"]]


def test_minutes_are_final_three_days_after_a_second_person_confirmed_them(house: House) -> None:
    her, other = served(house)
    record = mine(house, her)
    assert (record["status"], record["minutes"], record["allowed_actions"]) == ("drafted", 40, [])
    path = f"/service-records/{record['id']}"
    assert house.post(f"{path}/confirm", her).status_code == 403
    assert house.get(path, other).status_code == 404
    assert house.done(f"{path}/confirm", HEAD)["status"] == "posted"
    assert problem(house.post(f"{path}/confirm", DEPUTY), 409, "record_over")
    (seen,) = house.seen("/service-records?scope=shared", other)["items"]
    assert (seen["id"], seen["volunteer"]) == (record["id"], None)
    later(house, days=2.9)
    assert mine(house, her)["status"] == "posted"
    later(house, days=0.2)
    assert (mine(house, her)["status"], mine(house, her)["due_at"]) == ("final", None)
    assert [one["step"] for one in house.seen(path, her)["steps"]] == ["draft", "confirm", "finish"]


def test_what_is_disputed_is_judged_by_neither_who_confirmed_nor_who_disputed(house: House) -> None:
    her, other = served(house)
    path = f"/service-records/{mine(house, her)['id']}"
    house.done(f"{path}/confirm", HEAD)
    assert house.done(f"{path}/dispute", other, {"text": "我们是一个小时"})["steps"] == []
    told = {"minutes": 60, "text": "问过两个人"}
    assert problem(house.post(f"{path}/correct", HEAD, told), 422, "second_person_needed")
    assert house.post(f"{path}/correct", her, told).status_code == 403
    assert "请核对一次服务时长" in inbox(house, CHAIR)
    assert "请核对一次服务时长" not in inbox(house, HEAD)
    assert house.done(f"{path}/correct", CHAIR, told)["allowed_actions"] == []
    assert (mine(house, her)["status"], mine(house, her)["minutes"]) == ("corrected", 60)


def test_silence_confirms_nothing_and_the_chair_hears_of_it(house: House) -> None:
    her, _ = served(house)
    later(house, days=12)
    assert "请确认服务时长" in inbox(house, HEAD)
    assert "服务时长晚了" not in inbox(house, CHAIR)
    later(house, days=4)
    assert "服务时长晚了" in inbox(house, CHAIR)
    assert mine(house, her)["status"] == "drafted"
    later(house)
    assert len(house.rows("select 1 from service_records")) == 2


def test_the_lists_of_the_office_hold_nothing_of_ones_own(house: House) -> None:
    her, other = served(house)
    listed = house.seen("/service-records", HEAD)["items"]
    assert {one["id"] for one in listed} == {mine(house, her)["id"], mine(house, other)["id"]}
    assert house.seen("/service-records", other)["items"] == []
    assert house.seen("/service-records", "u041")["items"] == []


def test_nobody_confirms_the_minutes_of_her_own_household(house: House) -> None:
    her, _ = served(house)
    path = f"/service-records/{mine(house, her)['id']}"
    house.rows("update people set household = 'H-1' where code in (:a, :b)", a=her, b=HEAD)
    assert house.post(f"{path}/confirm", HEAD).status_code == 404
    assert path.rpartition("/")[2] not in str(house.seen("/service-records", HEAD))
    assert house.done(f"{path}/confirm", DEPUTY)["status"] == "posted"


def test_words_about_her_minutes_go_with_her(house: House) -> None:
    her, _ = served(house)
    path = f"/service-records/{mine(house, her)['id']}"
    house.done(f"{path}/confirm", HEAD)
    house.done(f"{path}/dispute", her, {"text": "我妈病了才晚到"})
    (person,) = house.rows("select id from people where code = :code", code=her)
    with transaction(house.context.engine) as session:
        service_records.forget_words(session, person.id)
    assert house.rows("select 1 from service_record_steps where text is not null") == []


def test_the_list_goes_on_after_its_page(house: House) -> None:
    served(house)
    first = house.seen("/service-records?limit=1", HEAD)
    rest = house.seen(f"/service-records?limit=1&cursor={first['next_cursor']}", HEAD)
    assert rest["next_cursor"] is None
    assert len({one["id"] for page in (first, rest) for one in page["items"]}) == 2


def test_the_words_of_a_dispute_are_kept_for_two_years(house: House) -> None:
    her, _ = served(house)
    path = f"/service-records/{mine(house, her)['id']}"
    house.done(f"{path}/confirm", HEAD)
    house.done(f"{path}/dispute", her, {"text": "我妈病了才晚到"})
    said = "select 1 from service_record_steps where text is not null"
    clock.step(timedelta(days=800))
    with transaction(house.context.engine) as session:
        assert service_records.purge(session) == 0
    house.rows("update service_records set status = 'corrected' where status = 'disputed'")
    with transaction(house.context.engine) as session:
        assert service_records.purge(session) == 1
    assert house.rows(said) == []
