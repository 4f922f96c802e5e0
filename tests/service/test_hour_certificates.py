"""A paper on final hours alone: free, the committee's, and proven by number and code."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.service.house import House
from tests.service.test_problems import problem
from tests.service.test_service_records import HEAD, later, mine, served
from tests.village.town import stepped
from village import clock, hour_certificates
from village.db import transaction

CHAIR, CLERK, TOWNSHIP = "u001", "u067", "u901"
ALL = "/hour-certificates"


@pytest.fixture(autouse=True)
def wednesday_at_ten(tmp_path: Path) -> Iterator[None]:
    with stepped(tmp_path):
        yield


def final(house: House) -> str:
    """Somebody whose forty minutes are final; another's of the same task are not."""
    her, _ = served(house)
    house.done(f"/service-records/{mine(house, her)['id']}/confirm", HEAD)
    later(house, days=3.1)
    return her


def issued(house: House) -> tuple[str, Any]:
    her = final(house)
    path = f"{ALL}/{house.done(ALL, her)['id']}"
    house.done(f"{path}/check", CLERK)
    return her, house.done(f"{path}/issue", CLERK)


def asked(house: House, number: str, code: str) -> Any:
    return house.post(f"{ALL}/verify", None, {"number": number, "code": code})


def test_only_final_hours_are_on_it(house: House) -> None:
    her, other = served(house)
    assert problem(house.post(ALL, her), 422, "no_final_hours")
    house.done(f"/service-records/{mine(house, her)['id']}/confirm", HEAD)
    assert problem(house.post(ALL, her), 422, "no_final_hours")
    later(house, days=3.1)
    made = house.done(ALL, her)
    assert (made["status"], made["page"], made["code"]) == ("requested", None, None)
    assert problem(house.post(ALL, her), 409, "certificate_over")
    assert problem(house.post(ALL, other), 422, "no_final_hours")


def test_the_committee_issues_it_and_nobody_else(house: House) -> None:
    her = final(house)
    path = f"{ALL}/{house.done(ALL, her)['id']}"
    assert house.get(path, HEAD).status_code == 404
    assert house.post(f"{path}/issue", CHAIR).status_code == 403
    assert house.post(f"{path}/issue", her).status_code == 403
    assert problem(house.post(f"{path}/issue", CLERK), 409, "certificate_over")
    (listed,) = house.seen(f"{ALL}?scope=handled", CLERK)["items"]
    assert (listed["minutes"], listed["allowed_actions"]) == (0, ["check", "refuse"])
    assert house.seen(f"{ALL}?scope=handled", TOWNSHIP)["items"] == []
    assert house.done(f"{path}/check", CLERK)["minutes"] == 40
    made = house.done(f"{path}/issue", CLERK)
    seen = house.seen(path, her)
    assert seen["page"] == made["page"]
    for word in (made["number"], seen["holder"], "0.7", "石桥", "免费"):
        assert word in seen["page"]


def test_who_holds_the_paper_can_verify_it(house: House) -> None:
    her, made = issued(house)
    said = asked(house, made["number"], made["code"]).json
    assert said == {
        "number": made["number"], "status": "issued", "unit": made["unit"],
        "issued_at": said["issued_at"], "name": made["holder"], "minutes": 40,
        "from_day": made["from_day"], "to_day": made["to_day"], "parts": made["parts"],
    }  # fmt: skip
    wrong = asked(house, made["number"], "0" * 12)
    unknown = asked(house, "ZM20260101-00000000", made["code"])
    assert problem(wrong, 422, "certificate_unknown")["title"] == unknown.json["title"]
    assert made["holder"] not in wrong.text
    house.done("/me/deletion", her)
    assert problem(asked(house, made["number"], made["code"]), 422, "certificate_unknown")


def test_what_was_false_is_revoked_and_says_so(house: House) -> None:
    her, made = issued(house)
    path = f"{ALL}/{made['id']}"
    house.done(f"{path}/revoke", CLERK, {"reason": "时长是编的"})
    assert asked(house, made["number"], made["code"]).json["status"] == "revoked"
    assert house.seen(path, her)["page"] is None
    assert problem(house.post(f"{path}/issue", CLERK), 409, "certificate_over")


def test_for_her_kin_the_townships_officer_issues(house: House) -> None:
    her = final(house)
    house.rows(
        "update people set household = 'H-9', village_code = '990101' where code in (:a, :b)",
        a=her, b=CLERK,
    )  # fmt: skip
    path = f"{ALL}/{house.done(ALL, her)['id']}"
    assert house.get(path, CLERK).status_code == 404
    assert house.seen(f"{ALL}?scope=handled", CLERK)["items"] == []
    assert len(house.seen(f"{ALL}?scope=handled", TOWNSHIP)["items"]) == 1
    assert house.done(f"{path}/refuse", TOWNSHIP, {"reason": "还差一天"})["reason"] == "还差一天"


def test_after_five_working_days_somebody_is_told(house: House) -> None:
    her = final(house)
    house.done(ALL, her)
    clock.step(timedelta(days=8))
    with transaction(house.context.engine) as session:
        assert hour_certificates.sweep(session) == 1
    titles = [line["title"] for line in house.seen("/notifications", CHAIR)["items"]]
    assert "志愿服务证明晚了" in titles
