"""The duty-to-report record: raised, told to an authority in time, read by few, never lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.service.house import House
from tests.service.test_problems import problem
from tests.village.town import stepped
from village import clock, duty_reports
from village.db import transaction

VILLAGER, HELPER, HEAD, OTHER, CHAIR, CLERK, TOWNSHIP = (
    "u041", "u016", "u006", "u005", "u001", "u067", "u901",
)  # fmt: skip
SEEN = "那家孩子天天一个人在河边，身上有伤"
CHILD = {"kind": "child", "text": SEEN}
POLICE = {"authority": "police", "receiver": "石桥派出所"}


@pytest.fixture(autouse=True)
def wednesday_at_ten(tmp_path: Path) -> Iterator[None]:
    with stepped(tmp_path):
        yield


def raised(house: House, caller: str = HELPER, **said: Any) -> str:
    return f"/duty-reports/{house.done('/duty-reports', caller, {**CHILD, **said})['id']}"


def swept(house: House, **later: float) -> int:
    clock.step(timedelta(**later))
    with transaction(house.context.engine) as session:
        return duty_reports.sweep(session)


def inbox(house: House, person: str) -> list[str]:
    return [line["title"] for line in house.seen("/notifications", person)["items"]]


def test_a_volunteer_raises_it_and_reads_it_no_more(house: House) -> None:
    told = house.done("/duty-reports", HELPER, CHILD)
    assert set(told) == {"id", "due_at"}
    assert told["due_at"] == "2026-11-25T11:00:00+08:00"
    path = f"/duty-reports/{told['id']}"
    for reader in (HELPER, VILLAGER, HEAD, OTHER, TOWNSHIP):
        problem(house.get(path, reader), 404, "not_found")
    for reader in (CHAIR, CLERK):
        assert house.seen(path, reader)["text"] == SEEN
        assert inbox(house, reader).count("有一件事要依法报告") == 1
    listed = house.seen("/duty-reports", CLERK)["items"]
    assert SEEN not in str(listed)
    assert len(listed) == 1
    assert house.seen("/duty-reports", OTHER)["items"] == []


def test_its_words_rest_sealed(house: House) -> None:
    raised(house)
    (row,) = house.rows("select words_sealed, row_to_json(d)::text as all from duty_reports d")
    assert SEEN not in row.all
    assert SEEN.encode() not in bytes(row.words_sealed)


def test_a_villager_raises_it_by_a_request(house: House) -> None:
    assert house.post("/duty-reports", VILLAGER, CHILD).status_code == 403
    assert house.post("/duty-reports", "u032", {**CHILD, "village": "990105"}).status_code == 403


def test_the_clerk_enters_whom_she_told_and_what_they_said(house: House) -> None:
    path = raised(house, HEAD)
    assert house.seen(path, HEAD)["text"] == SEEN  # her station's
    assert house.post(f"{path}/report", HEAD, POLICE).status_code == 403
    assert house.post(f"{path}/report", CHAIR, POLICE).status_code == 403
    told = house.done(f"{path}/report", CLERK, POLICE)
    assert (told["status"], told["receiver"], told["allowed_actions"]) == (
        "reported", "石桥派出所", ["receipt"],
    )  # fmt: skip
    assert house.done(f"{path}/receipt", CLERK, {"text": "警情2号"})["status"] == "receipted"
    problem(house.post(f"{path}/report", CLERK, POLICE), 409, "report_over")
    assert swept(house, days=2) == 0


def test_what_is_late_rings_the_township_every_day_until_somebody_has_told(house: House) -> None:
    path = raised(house)
    assert swept(house, minutes=59) == 0
    assert swept(house, minutes=1) == 1
    assert swept(house) == 0
    assert swept(house, days=1) == 1
    for person in (CHAIR, CLERK, TOWNSHIP):
        assert inbox(house, person).count("依法报告晚了") == 2
    house.done(f"{path}/report", CLERK, POLICE)
    assert swept(house, days=1) == 0


def test_that_nothing_need_be_reported_takes_two_people(house: House) -> None:
    path = raised(house)
    problem(house.post(f"{path}/confirm_dismissal", CHAIR), 409, "report_over")
    assert house.post(f"{path}/confirm_dismissal", CLERK).status_code == 403
    waiting = house.done(f"{path}/dismiss", CLERK, {"reason": "孩子是在学游泳"})
    assert waiting["status"] == "raised"
    assert swept(house, hours=1) == 1  # still due
    assert house.seen(path, CHAIR)["allowed_actions"] == ["confirm_dismissal"]
    assert house.done(f"{path}/confirm_dismissal", CHAIR)["status"] == "dismissed"
    assert swept(house, days=2) == 0


def test_a_child_in_danger_is_raised_by_itself_once(house: House) -> None:
    made = house.submit(VILLAGER, text="邻居家孩子被打得浑身是伤", emergency_confirmed=False)
    kind = sa.text("""update requests set emergency = '{"kind": "child"}' where id = :id""")
    with transaction(house.context.engine) as session:
        session.execute(kind, {"id": made["id"]})
    assert swept(house) == 1
    assert swept(house) == 0
    (one,) = house.seen("/duty-reports", CLERK)["items"]
    assert (one["request"], one["kind"]) == (made["id"], "child")
    assert house.seen("/duty-reports", HEAD)["items"] == []


def test_a_report_hides_no_other_about_the_same_matter(house: House) -> None:
    """Who wants nothing to be told could report first, of something lesser, and have it dismissed.

    A second word is kept beside the first, with the shorter time; what two dismissed lives again.
    """
    made = house.submit(VILLAGER, category="PUB-03")["id"]
    path = raised(house, HEAD, request=made, kind="danger", text="没什么大事")
    house.done(f"{path}/dismiss", CLERK, {"reason": "没什么大事"})
    house.done(f"{path}/confirm_dismissal", CHAIR)
    assert raised(house, "u023", request=made) == path
    seen = house.seen(path, CLERK)
    assert (seen["status"], seen["kind"], seen["due_at"]) == (
        "raised", "child", "2026-11-25T11:00:00+08:00",
    )  # fmt: skip
    assert seen["text"] == f"没什么大事\n{SEEN}"
    assert "dismiss" in seen["allowed_actions"]
    assert inbox(house, CLERK).count("有一件事要依法报告") == 2
    house.done(f"{path}/report", CLERK, POLICE)
    assert raised(house, "u023", request=made) == path
    assert house.seen(path, CLERK)["status"] == "reported"
    long = {**CHILD, "request": made, "text": "身上有伤" * 250}
    assert [house.post("/duty-reports", "u023", long).status_code for _ in range(4)][-1] == 422


def test_a_lesser_report_does_not_keep_a_child_from_being_reported(house: House) -> None:
    made = house.submit(VILLAGER, text="邻居家孩子被打得浑身是伤", emergency_confirmed=False)
    path = raised(house, CHAIR, request=made["id"], kind="danger", text="没什么大事")
    assert swept(house) == 1
    assert house.seen(path, CLERK)["kind"] == "child"
    assert swept(house) == 0


def test_who_is_close_to_her_raises_nothing_of_what_she_may_not_know(house: House) -> None:
    made = house.submit("u063", text="家里男人喝了酒又打我", emergency_confirmed=False)["id"]
    problem(house.post("/duty-reports", CHAIR, {**CHILD, "request": made}), 422, "invalid")
    raised(house, CLERK, request=made)


def test_what_a_deputy_raises_her_head_does_not_read(house: House) -> None:
    """It may be about him."""
    path = raised(house, "u023")
    problem(house.get(path, HEAD), 404, "not_found")
    assert house.seen(path, "u023")["text"] == SEEN


def test_whose_request_it_is_sees_who_read_it_and_her_kin_never_do(house: House) -> None:
    made = house.submit(VILLAGER, category="PUB-03")["id"]
    path = raised(house, HEAD, request=made)
    house.seen(path, CLERK)
    assert "duty_report" in str(house.rows("select fields from access_log"))
    house.rows(
        """insert into conflict_declarations (person_id, other_id, kind, declared_at)
           select c.id, v.id, 'kin', now() from people c, people v
           where c.code = :clerk and v.code = :villager returning person_id""",
        clerk=CLERK, villager=VILLAGER,
    )  # fmt: skip
    problem(house.get(path, CLERK), 404, "not_found")
    assert house.seen("/duty-reports", CLERK)["items"] == []


def test_nobody_learns_of_another_request_by_reporting_on_it(house: House) -> None:
    made = house.submit(VILLAGER, category="PUB-03")["id"]
    problem(house.post("/duty-reports", OTHER, {**CHILD, "request": made}), 422, "invalid")
