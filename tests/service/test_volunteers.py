"""Nobody is a volunteer but by her own word; she is verified, asked, and leaves when she likes."""

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
from village import clock, volunteering
from village.catalog.privacy import PRIVACY_VERSION
from village.db import transaction

HER, MINOR, PARENT = "u046", "u043", "u045"
HEAD, OTHER_HEAD, CHAIR, CLERK, TOWNSHIP = "u006", "u005", "u001", "u067", "u901"
ALL = "/villages/990101/volunteers"
MINE = "/me/volunteer"


@pytest.fixture(autouse=True)
def wednesday_at_ten(tmp_path: Path) -> Iterator[None]:
    with stepped(tmp_path):
        yield


def wish(**facts: Any) -> dict[str, Any]:
    plain = {"stations": ["public_works"], "times": "every_day", "birth_year": 1980}
    return {**plain, "about": "会修灯", "consent_version": PRIVACY_VERSION, **facts}


def applied(house: House, caller: str = HER, **facts: Any) -> str:
    """Apply, and return the path under which the association finds it."""
    born = facts.pop("born", 1980)
    house.rows("update people set birth_year = :born where code = :code", born=born, code=caller)
    house.done(MINE, caller, wish(**facts))
    return f"{ALL}/{house.seen('/me', caller)['id']}"


def status(house: House, caller: str = HER) -> str:
    return str(house.seen(MINE, caller)["status"])


def inbox(house: House, person: str) -> list[str]:
    return [line["title"] for line in house.seen("/notifications", person)["items"]]


def later(house: House, **delta: float) -> None:
    clock.step(timedelta(**delta))
    with transaction(house.context.engine) as session:
        volunteering.sweep(session)


def asked_of(house: House) -> list[str]:
    """Who is asked to help with the village's books."""
    path = f"/requests/{house.submit('u041', '想请人整理图书', category='CUL-04')['id']}"
    house.done(f"{path}/accept", OTHER_HEAD)
    house.work()
    return invited(house, path.rpartition("/")[2])


def test_who_applied_is_asked_only_after_the_chair_has_verified(house: House) -> None:
    never = house.seen(MINE, HER)
    assert (never["status"], never["allowed_actions"]) == (None, ["apply"])
    assert problem(house.post(f"{MINE}/pause", HER), 404, "not_a_volunteer")
    path = applied(house)
    assert problem(house.post(MINE, HER, wish()), 409, "registration_over")
    assert not house.seen("/me", HER)["is_volunteer"]
    assert {"有人想当志愿者"} <= set(inbox(house, CHAIR)) & set(inbox(house, HEAD))
    (seen,) = house.seen(ALL, CHAIR)["items"]
    assert (seen["about"], seen["waits_for"], seen["birth_year"]) == ("会修灯", "association", 1980)
    assert house.get(path, OTHER_HEAD).status_code == 404
    assert house.seen(ALL, OTHER_HEAD)["items"] == []
    assert house.post(f"{path}/verify", HEAD).status_code == 403
    assert house.done(f"{path}/verify", CHAIR)["status"] == "active"
    assert problem(house.post(f"{path}/verify", CHAIR), 409, "registration_over")
    assert house.seen("/me", HER)["is_volunteer"]
    assert house.seen(ALL, CHAIR)["items"] == []


def test_only_who_is_active_is_asked(house: House) -> None:
    only_she(house)
    assert asked_of(house) == []
    house.done(f"{ALL}/{house.seen('/me', HER)['id']}/verify", CHAIR)
    house.work()
    assert asked_of(house) == [HER]
    house.done(f"{MINE}/pause", HER)
    assert house.seen("/offers?status=open", HER)["items"] == []
    assert asked_of(house) == []
    assert house.done(f"{MINE}/resume", HER)["status"] == "active"
    house.work()
    assert asked_of(house) == [HER]


def only_she(house: House) -> None:
    applied(house, stations=["culture"], skills=["图书整理"])
    house.rows("update volunteers set status = 'paused' where status = 'active'")


def test_who_leaves_gives_back_places_and_is_forgotten_but_for_her_hours(house: House) -> None:
    only_she(house)
    house.done(f"{ALL}/{house.seen('/me', HER)['id']}/verify", CHAIR)
    assert asked_of(house) == [HER]
    (offer,) = house.seen("/offers?status=open", HER)["items"]
    card = house.done(f"/offers/{offer['id']}/accept", HER)
    house.done(f"/tasks/{card['id']}/check_in", HER)
    assert house.done(f"{MINE}/leave", HER)["allowed_actions"] == ["apply"]
    assert status(house) == "left"
    assert house.seen("/tasks?scope=mine", HER)["items"] == []
    assert house.seen(MINE, HER)["about"] is None
    left = """select 1 from availability_windows w join people p on p.id = w.person_id
              where p.code = :code union all select 1 from memberships m
              join people p on p.id = m.person_id where p.code = :code and m.active"""
    assert house.rows(left, code=HER) == []
    assert house.post(f"{MINE}/leave", HER).status_code == 409
    house.done(MINE, HER, wish())
    assert status(house) == "applied"


def test_a_minor_waits_for_the_guardians_own_phone(house: House) -> None:
    path = applied(house, MINOR, born=2010)
    assert house.seen(MINE, MINOR)["waits_for"] == "guardian"
    assert problem(house.post(f"{path}/verify", CHAIR), 422, "guardian_needed")
    code = house.done(f"{MINE}/guardian-code", MINOR)["code"]
    agree = "/guardian-consents"
    assert problem(house.post(agree, PARENT, {"code": "0" * 12}), 422, "slip_unknown")
    assert problem(house.post(agree, MINOR, {"code": code}), 422, "slip_unknown")
    house.rows("update people set birth_year = 2009 where code = :code", code=PARENT)
    assert problem(house.post(agree, PARENT, {"code": code}), 422, "adult_needed")
    house.rows("update people set birth_year = 1979 where code = :code", code=PARENT)
    assert house.done(agree, PARENT, {"code": code})["stations"] == ["public_works"]
    assert problem(house.post(agree, PARENT, {"code": code}), 422, "slip_unknown")
    assert house.done(f"{path}/verify", CHAIR)["status"] == "active"
    (row,) = house.rows("""select guardian_consent from volunteers v join people p
                           on p.id = v.person_id where p.code = :code""", code=MINOR)  # fmt: skip
    assert row.guardian_consent


def test_who_saw_the_guardians_paper_does_not_verify(house: House) -> None:
    path = applied(house, MINOR, born=2010)
    signed = {"guardian": "程大山"}
    assert house.done(f"{path}/consent", CHAIR, signed)["guardian"] == "程大山"
    assert problem(house.post(f"{path}/verify", CHAIR), 422, "second_person_needed")
    house.done(f"{path}/consent", HEAD, signed)
    assert house.done(f"{path}/verify", CHAIR)["status"] == "active"


def test_who_is_not_yet_fourteen_is_told_so(house: House) -> None:
    house.rows("update people set birth_year = 2014 where code = :code", code=MINOR)
    assert "birth_year" in problem(house.post(MINE, MINOR, wish()), 422, "invalid")["errors"]
    assert house.seen(MINE, MINOR)["status"] is None


def test_an_application_that_no_guardian_answers_lapses(house: House) -> None:
    applied(house, MINOR, born=2010)
    later(house, days=29)
    assert status(house, MINOR) == "guardian_pending"
    later(house, days=6)
    assert status(house, MINOR) == "left"
    assert "您的登记过期了" in inbox(house, MINOR)


def test_a_decline_is_read_and_judged_by_another(house: House) -> None:
    path = applied(house)
    house.done(f"{path}/decline", CHAIR, {"reason": "还没有见过面"})
    assert house.seen(MINE, HER)["reason"] == "还没有见过面"
    assert house.get(path, CLERK).status_code == 404
    house.done(f"{MINE}/object", HER, {"text": "我在村里住了三十年"})
    assert house.post(f"{path}/verify", CHAIR).status_code == 409
    assert house.seen(path, CLERK)["objection"] == "我在村里住了三十年"
    assert house.post(f"{path}/admit", CHAIR).status_code == 403
    assert house.done(f"{path}/uphold", CLERK)["status"] == "declined"
    assert house.seen(MINE, HER)["allowed_actions"] == ["apply"]
    assert problem(house.post(f"{MINE}/object", HER, {"text": "再说"}), 409, "registration_over")


def test_an_objection_has_its_fifteen_days(house: House) -> None:
    path = applied(house)
    house.done(f"{path}/decline", CHAIR, {"reason": "还没有见过面"})
    clock.step(timedelta(days=16))
    assert problem(house.post(f"{MINE}/object", HER, {"text": "住了"}), 409, "registration_over")


def test_where_the_chair_is_kin_the_clerk_decides(house: House) -> None:
    house.rows("update people set household = 'H-1' where code in (:a, :b)", a=HER, b=CHAIR)
    path = applied(house)
    assert house.get(path, CHAIR).status_code == 404
    assert house.seen(ALL, CHAIR)["items"] == []
    assert [one["status"] for one in house.seen(ALL, CLERK)["items"]] == ["applied"]
    assert house.done(f"{path}/verify", CLERK)["status"] == "active"


def test_nobody_waits_unseen(house: House) -> None:
    applied(house)
    later(house, days=12)
    assert "志愿者登记还没有办" in inbox(house, CHAIR)


def test_a_station_may_want_a_training_first(house: House) -> None:
    training = "/stations/990101.public_works/training"
    assert house.call("PUT", training, HEAD, json={"needed": True}).json == {"needed": True}
    path = applied(house)
    assert house.done(f"{path}/verify", CHAIR)["waits_for"] == "training"
    papers = f"/stations/990101.public_works/volunteers/{path.rpartition('/')[2]}/papers"
    seen = {"kind": "training", "issuer": "县红十字会", "valid_from": str(clock.today())}
    paper = house.done(papers, HEAD, seen)["id"]
    assert status(house) == "verified"
    house.done(f"{papers}/{paper}/confirm", CHAIR)
    assert status(house) == "active"


def test_a_station_that_wants_none_any_more_lets_her_begin(house: House) -> None:
    training = "/stations/990101.public_works/training"
    house.call("PUT", training, HEAD, json={"needed": True})
    house.done(f"{applied(house)}/verify", CHAIR)
    house.call("PUT", training, CHAIR, json={"needed": False})
    assert status(house) == "active"


def test_erased_she_leaves_no_word_of_her_application(house: House) -> None:
    applied(house, about="金丝雀会唱")
    house.done("/me/deletion", HER)
    kept = house.rows("select about, objection, guardian_name from registrations")
    assert [tuple(row) for row in kept] == [(None, None, None)]


def test_the_year_that_was_checked_is_not_hers_to_change(house: House) -> None:
    (helper,) = house.rows(
        "select p.code from people p join volunteers v on v.person_id = p.id"
        " where v.status = 'active' and p.birth_year is not null order by p.code limit 1"
    )
    code = str(helper[0])
    older = house.call("PUT", "/me/profile", code, json={"birth_year": 1955})
    problem(older, 422, "birth_year_checked")
    house.rows("update volunteers set status = 'left' where person_id ="
               " (select id from people where code = :code)", code=code)  # fmt: skip
    assert house.call("PUT", "/me/profile", code, json={"birth_year": 1955}).status_code == 200
