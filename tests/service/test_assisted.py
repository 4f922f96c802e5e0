"""Entered for somebody who phoned, came to the door or wrote it down: hers, the same way."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.service.house import FLOOD, LAMP, House, assisted
from tests.service.test_problems import problem
from village.privacy import Keys

HEAD, OTHER_HEAD, CHAIR, MEDIATOR, CLERK = "u006", "u005", "u001", "u004", "u067"
SERVED = "程秋菊"
DRAIN = "祠堂门口的水沟堵了"
SECRET = "程家院墙边的旧事"


def person(house: House, code: str) -> str:
    return str(house.seen("/me", code)["id"])


def entered(house: House, request_id: str) -> Any:
    (row,) = house.rows("select * from assisted_requests where request_id = :id", id=request_id)
    return row


# ---------------------------------------------------------------- who may, and whose it is


@pytest.mark.parametrize("code", [HEAD, "u023", CHAIR, MEDIATOR, "u012", CLERK])
def test_officers_of_the_village_enter_for_others(shared_house: House, code: str) -> None:
    made = shared_house.enter(code)
    assert (made["status"], made["station"], made["source"]) == (
        "submitted",
        "public_works",
        "phone",
    )
    assert str(entered(shared_house, made["id"]).entered_by) == person(shared_house, code)


@pytest.mark.parametrize(
    ("code", "village"),
    [
        ("u041", "990101"),
        ("u016", "990101"),
        ("u106", "990101"),
        ("u101", "990101"),
        ("u061", "990101"),
        ("u066", "990101"),
        ("u068", "990101"),
        ("u901", "990101"),
        (HEAD, "990105"),
        (CLERK, "990105"),
    ],
)
def test_nobody_else_does(shared_house: House, code: str, village: str) -> None:
    before = shared_house.rows("select count(*) from people")
    answer = shared_house.post("/requests/assisted", code, {**assisted(), "village": village})
    problem(answer, 403, "forbidden")
    assert shared_house.rows("select count(*) from people") == before


def test_it_is_the_requests_of_the_person_served(house: House) -> None:
    made = house.enter(OTHER_HEAD, DRAIN)
    assert made["requester"] == {"name": SERVED}
    assert house.seen("/requests", OTHER_HEAD)["items"] == []
    (item,) = house.seen("/requests?scope=entered", OTHER_HEAD)["items"]
    assert (item["id"], item["requester"]) == (made["id"], {"name": "程*菊"})
    assert house.seen("/requests?scope=entered", CHAIR)["items"] == []
    (row,) = house.rows("select name, village_code from people where name = :name", name=SERVED)
    assert row.village_code == "990101"


def test_who_gives_no_name_has_none(house: House) -> None:
    made = house.enter(OTHER_HEAD, **{"for": {}})
    assert made["requester"] == {"name": ""}
    (item,) = house.seen("/stations/990101.public_works/queue", HEAD)["items"]
    assert item["requester"] == {"name": ""}


def test_a_person_with_an_account_finds_it_among_her_own(house: House) -> None:
    made = house.enter(OTHER_HEAD, **{"for": {"person": person(house, "u041")}})
    (mine,) = house.seen("/requests", "u041")["items"]
    assert mine["id"] == made["id"]
    house.work()
    titles = [line["title"] for line in house.seen("/notifications", "u041")["items"]]
    assert titles == ["已提交"]
    problem(house.post(f"/requests/{made['id']}/slip", OTHER_HEAD), 422, "has_account")


def test_a_head_served_does_not_get_her_own_matter(house: House) -> None:
    """Her own stations are the chair's to decide, whoever wrote it down."""
    served = {"person": person(house, HEAD)}
    assert house.enter(OTHER_HEAD, category="PUB-03", **{"for": served})["status"] == "triage"


BAD: list[dict[str, Any]] = [
    {"source": None},
    {"source": "wechat"},
    {"consent_how": "none"},
    {"consent_version": "2020-01"},
    {"consent_version": None},
    {"on_behalf_of": {"name": "某", "consent_how": "oral"}},
    {"for": None},
    {"for": {"name": ""}},
    {"for": {"name": "字" * 41}},
    {"for": {"name": "程\0"}},
    {"for": {"person": "7"}},
    {"for": {"person": "01900000-0000-7000-8000-000000000000"}},
    {"for": {"religion": "x"}},
    {"village": "nowhere"},
    {"text": ""},
]


@pytest.mark.parametrize("wrong", BAD, ids=str)
def test_bad_input_writes_nothing(shared_house: House, wrong: dict[str, Any]) -> None:
    counted = "select (select count(*) from people), (select count(*) from requests)"
    before = shared_house.rows(counted)
    answer = shared_house.post("/requests/assisted", HEAD, {**assisted(), **wrong})
    assert answer.status_code == 422, answer.text
    assert shared_house.rows(counted) == before


def test_somebody_of_another_village_or_oneself_is_not_served(house: House) -> None:
    for code in ("u141", HEAD):
        sent = {**assisted(), "for": {"person": person(house, code)}}
        problem(house.post("/requests/assisted", HEAD, sent), 422, "invalid")


def test_the_same_call_twice_is_one_request_of_one_person(house: House) -> None:
    headers = {"Idempotency-Key": "paper-7"}
    first = house.post("/requests/assisted", HEAD, assisted(), headers=headers)
    again = house.post("/requests/assisted", HEAD, assisted(), headers=headers)
    assert (first.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert first.json == again.json
    (row,) = house.rows("select count(*) from people where name = :name", name=SERVED)
    assert row.count == 1


# ---------------------------------------------------------------- the same way as her own


def test_who_entered_it_answers_the_question_of_danger(house: House) -> None:
    drafts = [house.enter(OTHER_HEAD, FLOOD) for _ in range(2)]
    assert [made["status"] for made in drafts] == ["draft"] * 2
    assert drafts[0]["emergency"]["danger_now"] is None
    assert house.get(f"/requests/{drafts[0]['id']}", CHAIR).status_code == 404
    for made, danger, status in zip(drafts, (True, False), ("handed_over", "triage"), strict=True):
        path = f"/requests/{made['id']}/emergency"
        for _ in range(2):
            said = house.done(path, OTHER_HEAD, {"danger_now": danger})
        assert said["status"] in (status, "submitted")


def test_danger_that_was_known_at_once_goes_to_the_rescue_services(house: House) -> None:
    made = house.enter(OTHER_HEAD, FLOOD, emergency_confirmed=True)
    assert (made["status"], made["priority"]) == ("handed_over", "P0")


def test_who_entered_it_speaks_for_her_but_does_not_say_that_it_is_solved(house: House) -> None:
    path = f"/requests/{house.enter(HEAD, category='PUB-03')['id']}"
    house.done(f"{path}/ask", HEAD, {"question": "哪一盏？"})
    assert "answer" in house.seen(path, HEAD)["allowed_actions"]
    house.done(f"{path}/answer", HEAD, {"text": "祠堂边那一盏"})
    for action, said in (("accept", {}), ("handle", {}), ("submit_result", {"result": "换好了"})):
        house.done(f"{path}/{action}", HEAD, said)
    house.done(f"{path}/resolve", "u023")
    resolved = house.seen(path, HEAD)
    assert {"confirm", "reopen"}.isdisjoint(resolved["allowed_actions"])
    problem(house.post(f"{path}/confirm", HEAD, {"solved": "yes"}), 403, "forbidden")


def test_what_she_takes_back_for_her_the_chair_hears_of(house: House) -> None:
    made = house.enter(HEAD, category="PUB-03")
    house.done(f"/requests/{made['id']}/withdraw", HEAD, {"reason": "儿子修好了"})
    house.work()
    titles = [line["title"] for line in house.seen("/notifications", CHAIR)["items"]]
    assert titles == ["村民已撤回"]


def test_who_enters_for_her_own_family_keeps_out_of_it(house: House) -> None:
    made = house.enter(HEAD, category="PUB-03", **{"for": {"name": SERVED, "kin": True}})
    problem(house.post(f"/requests/{made['id']}/accept", HEAD), 403, "recused")
    assert house.done(f"/requests/{made['id']}/accept", "u023")["status"] == "accepted"


def test_a_dispute_is_closed_to_who_entered_it(house: House) -> None:
    made = house.enter(OTHER_HEAD, SECRET, category="MED-01")
    for body in (made, house.seen(f"/requests/{made['id']}", OTHER_HEAD)):
        assert (body["status"], "text" in body, "requester" in body) == ("submitted", False, False)


def test_the_parts_of_what_was_entered_are_hers_too(house: House) -> None:
    made = house.enter(HEAD, f"{LAMP}{DRAIN}", category="PUB-03")
    parts = [{"text": LAMP, "category": "PUB-03"}, {"text": DRAIN, "category": "PUB-04"}]
    house.done(f"/requests/{made['id']}/split", HEAD, {"parts": parts})
    rows = house.rows("select requester_id, proxy_id, source from requests")
    assert len(rows) == 3
    assert len(set(rows)) == 1


def test_office_over_says_no_more_for_her(house: House) -> None:
    made = house.enter(OTHER_HEAD, DRAIN)
    house.rows("update role_grants set valid_to = now() where person_id = :id",
               id=person(house, OTHER_HEAD))  # fmt: skip
    assert house.get(f"/requests/{made['id']}", OTHER_HEAD).status_code == 404


# ---------------------------------------------------------------- nobody learns who, or more


def test_nobody_learns_who_entered_it(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = house.enter(OTHER_HEAD, DRAIN, category="PUB-04")
    house.work()
    name, mine = house.seen("/me", OTHER_HEAD)["name"], person(house, OTHER_HEAD)
    path = f"/requests/{made['id']}"
    for code in (HEAD, CHAIR):
        pages = (path, f"{path}/timeline", "/stations/990101.public_works/queue", "/notifications")
        for page in pages:
            answer = house.get(page, code)
            assert answer.status_code == 200
            assert name not in answer.text
            assert mine not in answer.text
    said = [item["text"] for item in house.seen(f"{path}/timeline", HEAD)["items"]]
    assert said == ["村民提交了这件事。怎么说的：打电话。怎么同意的：口头。"]
    assert SERVED not in caplog.text
    assert DRAIN not in caplog.text


# ---------------------------------------------------------------- the slip


def test_a_slip_has_number_code_and_whom_to_call_and_nothing_of_hers(house: House) -> None:
    made = house.enter(OTHER_HEAD, DRAIN)
    slip = house.done(f"/requests/{made['id']}/slip", OTHER_HEAD)
    assert slip["number"] == made["number"]
    assert [len(group) for group in slip["code"].split()] == [4, 4, 4]
    for shown in (slip["number"], slip["code"], "桥头志愿者协会", "110", "120", "119", "A5"):
        assert shown in slip["page"]
    for hidden in (SERVED, DRAIN, "水沟", "公益", person(house, OTHER_HEAD), "$"):
        assert hidden not in slip["page"]


def test_the_code_is_kept_as_a_keyed_hash_alone(house: House) -> None:
    made = house.enter(OTHER_HEAD, DRAIN)
    path, headers = f"/requests/{made['id']}/slip", {"Idempotency-Key": "slip"}
    codes, hashes = [], []
    for _ in range(2):
        codes.append(house.post(path, OTHER_HEAD, {}, headers=headers).json["code"])  # type: ignore[index]
        hashes.append(bytes(entered(house, made["id"]).slip_hash))
    assert codes[0] != codes[1]
    assert hashes[0] != hashes[1]
    digits = codes[1].replace(" ", "")
    assert hashes[1] == house.context.keys.digest("slip", digits)
    assert hashes[1] != Keys("another key").digest("slip", digits)
    for table in ("assisted_requests", "idempotency_keys", "events", "outbox", "requests"):
        (row,) = house.rows(f"select coalesce(string_agg(t::text, ' '), '') as all from {table} t")
        assert not {code.replace(" ", "") in row.all for code in codes} - {False}


def test_a_slip_is_made_by_who_entered_it_alone(house: House) -> None:
    made = house.enter(OTHER_HEAD, DRAIN, category="PUB-04")
    path = f"/requests/{made['id']}/slip"
    for code, status in (("u041", 404), ("u106", 404), (HEAD, 403), (CHAIR, 403)):
        assert house.post(path, code).status_code == status
