"""Ready sentences: each fits the field that it is for, and is offered where it can be used."""

from __future__ import annotations

from service.schemas.actions import PAYLOADS
from tests.service.house import House
from village.catalog import files
from village.workflow.request import REQUEST

ROWS = files.read("standard_answers")


def test_every_sentence_is_for_a_step_and_fits_its_field() -> None:
    for row in ROWS:
        schema = PAYLOADS[row["action"]]()
        assert schema.validate({row["field"]: row["zh"]}, partial=True) == {}, row["code"]
        sources = {s for way in REQUEST.rows if way.action == row["action"] for s in way.sources}
        assert row["state"] in ("", *sources), row["code"]
    assert len({row["code"] for row in ROWS}) == len(ROWS)


def test_every_category_is_known() -> None:
    codes = {row["code"] for row in files.read("categories")}
    known = codes | {code.partition("-")[0] for code in codes}
    for row in ROWS:
        assert set(files.parts(row["categories"])) <= known, row["code"]


def test_a_head_is_offered_those_for_what_she_may_do_now(house: House) -> None:
    path = f"/requests/{house.submit(category='PUB-03')['id']}"
    found = house.seen(f"{path}/answers", "u006")["items"]
    codes = [item["code"] for item in found]
    assert codes[0] == "ask_lamp"
    assert {"ask_where", "reject_phone", "suspend_rain"} <= set(codes)
    assert not {"ask_medicine", "done_lamp", "ask_who"} & set(codes)
    house.done(f"{path}/accept", "u006")
    house.done(f"{path}/handle", "u006")
    later = {item["code"] for item in house.seen(f"{path}/answers", "u006")["items"]}
    assert "done_lamp" in later
    assert "reject_phone" not in later
    assert house.get(f"{path}/answers", "u041").status_code == 403
    assert house.get(f"{path}/answers", "u045").status_code == 404


def test_a_sentence_for_a_station_fits_all_of_its_categories(house: House) -> None:
    path = f"/requests/{house.submit(category='AID-11')['id']}"
    codes = {item["code"] for item in house.seen(f"{path}/answers", "u002")["items"]}
    assert "ask_who" in codes
    assert "ask_lamp" not in codes
