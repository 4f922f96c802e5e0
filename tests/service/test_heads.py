"""What a head does beside a request's actions: circles, rest, agreements, standing pairs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.service.house import House
from tests.service.test_answers import sent_out
from tests.service.test_problems import problem
from village import clock

STATION, NEXT = "990101.public_works", "990102.public_works"
HEAD, CHAIR = "u006", "u001"


def me(house: House, code: str) -> str:
    return str(house.seen("/me", code)["id"])


def soon(days: int = 5) -> str:
    return (clock.now() + timedelta(days=days)).isoformat()


def titles(house: House, code: str) -> list[str]:
    return [line["title"] for line in house.seen("/notifications", code)["items"]]


def head_of(house: House, station: str) -> str:
    village, _, kind = station.partition(".")
    found = house.rows(
        """select code from role_grants g join people p on p.id = person_id
           where role = 'head' and unit_code = :village and station = :kind""",
        village=village,
        kind=kind,
    )
    return str(found[0].code)


# ------------------------------------------------------------------ rest


def test_a_tired_volunteer_gets_rest_sees_it_and_may_end_it(house: House) -> None:
    path = f"/stations/{STATION}/volunteers/{me(house, 'u016')}/rest"
    until = soon()
    given = house.done(path, HEAD, {"until": until})
    assert given["name"] == house.seen("/me", "u016")["name"]
    rest = house.seen("/me/dispatch", "u016")["rest"]
    assert rest["by"] == house.seen("/me", HEAD)["name"]
    assert titles(house, "u016")[0] == "站长请您歇一歇"
    shown = {m["person"]: m["rest_until"] for m in _members(house)}
    assert shown[me(house, "u016")] is not None
    house.call("PUT", "/me/dispatch", "u016", json={"rest_until": None})
    assert house.seen("/me/dispatch", "u016")["rest"] is None


def _members(house: House) -> list[Any]:
    return list(house.seen(f"/stations/{STATION}/volunteers", HEAD)["items"])


def test_a_rest_of_her_own_is_neither_shown_nor_shortened(house: House) -> None:
    house.call("PUT", "/me/dispatch", "u016", json={"rest_until": soon(30)})
    path = f"/stations/{STATION}/volunteers/{me(house, 'u016')}/rest"
    for until in (soon(3), None):
        house.done(path, HEAD, {"until": until})
    rest = house.seen("/me/dispatch", "u016")["rest"]
    assert rest["by"] is None
    assert clock.datetime.fromisoformat(rest["until"]) > clock.now() + timedelta(days=29)
    assert {m["rest_until"] for m in _members(house)} == {None}


@pytest.mark.parametrize("until", ["2020-01-01T00:00:00+08:00", "2199-01-01T00:00:00+08:00"])
def test_a_rest_ends_within_a_year(house: House, until: str) -> None:
    path = f"/stations/{STATION}/volunteers/{me(house, 'u016')}/rest"
    problem(house.post(path, HEAD, {"until": until}), 422, "until_outside")


def test_rest_is_given_to_the_stations_own_people(house: House) -> None:
    path = f"/stations/{STATION}/volunteers/{me(house, 'u041')}/rest"
    problem(house.post(path, HEAD, {"until": soon()}), 404, "not_found")


# ------------------------------------------------------------------ how far it goes


def test_the_head_asks_the_next_village_or_waits(house: House) -> None:
    sent_out(house)
    task = house.seen("/tasks?scope=station", HEAD)["items"][0]["id"]
    house.done(f"/tasks/{task}/hold", HEAD, {"hold": True})
    assert house.rows("select hold from tasks")[0].hold is True
    nobody = house.post(f"/tasks/{task}/widen", HEAD, {"circle": "neighbours"})
    problem(nobody, 422, "no_agreement")
    assert house.rows("select hold from tasks")[0].hold is True
    house.rows(
        """insert into village_agreements (id, village_a, village_b, agreed_a_by, agreed_a_at,
               agreed_b_by, agreed_b_at, since, km)
           values (gen_random_uuid(), '990101', '990105', :me, now(), :me, now(), now(), 1)""",
        me=me(house, HEAD),
    )
    house.done(f"/tasks/{task}/widen", HEAD, {"circle": "neighbours"})
    row = house.rows("select hold, widest from tasks")[0]
    assert (row.hold, row.widest) == (False, 2)


def test_nothing_is_widened_that_looks_for_nobody(house: House) -> None:
    request_id = sent_out(house)
    task = house.seen("/tasks?scope=station", HEAD)["items"][0]["id"]
    house.done(f"/requests/{request_id}/recall", HEAD)
    answer = house.post(f"/tasks/{task}/widen", HEAD, {"circle": "village"})
    problem(answer, 409, "transition_not_allowed")


def test_a_head_who_is_close_to_the_requester_leaves_it_to_others(house: House) -> None:
    sent_out(house)
    task = house.seen("/tasks?scope=station", HEAD)["items"][0]["id"]
    house.rows(
        """insert into conflict_declarations (person_id, other_id, kind, declared_at)
           values (:one, :other, 'kin', now())""",
        one=me(house, HEAD),
        other=me(house, "u041"),
    )
    problem(house.post(f"/tasks/{task}/hold", HEAD), 403, "recused")
    house.done(f"/tasks/{task}/hold", CHAIR)


# ------------------------------------------------------------------ the other side


def test_a_head_names_the_other_side_and_sees_whether_anybody_is_meant(house: House) -> None:
    path, name = f"/requests/{sent_out(house)}/parties", house.seen("/me", "u045")["name"]
    sent = [{"person": me(house, "u041")}, {"name": name}, {"name": "外乡人"}]
    answer = house.call("PUT", path, HEAD, json={"parties": sent})
    assert [(one["name"], one["known"]) for one in answer.json["items"]] == [
        (house.seen("/me", "u041")["name"], True), (name, True), ("外乡人", False),
    ]  # fmt: skip
    assert house.seen(path, CHAIR) == answer.json


@pytest.mark.parametrize(
    "one", [{}, {"name": "张三", "household": "H1"}, {"name": " "}, {"person": str(UUID(int=7))}]
)
def test_a_party_is_written_in_one_way(house: House, one: dict[str, str]) -> None:
    path = f"/requests/{sent_out(house)}/parties"
    problem(house.call("PUT", path, HEAD, json={"parties": [one]}), 422, "invalid")


# ------------------------------------------------------------------ agreements


def test_two_villages_agree_and_either_ends_it(house: House) -> None:
    other = head_of(house, NEXT)
    made = house.done(f"/stations/{STATION}/agreements", HEAD, {"with": "990102", "km": 2.5})
    assert (made["status"], made["allowed_actions"]) == ("proposed", ["end"])
    assert titles(house, other)[0] == "有一项互助请您看看"
    theirs = house.seen(f"/stations/{NEXT}/agreements", other)["items"][0]
    assert (theirs["with"], theirs["allowed_actions"]) == ("990101", ["agree", "end"])
    for _ in range(2):
        assert house.done(f"/agreements/{made['id']}/agree", other)["status"] == "in_force"
    assert titles(house, HEAD)[0] == "邻村互助开始了"
    for _ in range(2):
        assert house.done(f"/agreements/{made['id']}/end", HEAD)["status"] == "ended"
    problem(house.post(f"/agreements/{made['id']}/agree", other), 409, "agreement_over")
    again = house.done(f"/stations/{NEXT}/agreements", other, {"with": "990101"})
    assert again["id"] != made["id"]


def test_a_proposal_from_both_sides_is_an_agreement(house: House) -> None:
    house.done(f"/stations/{STATION}/agreements", HEAD, {"with": "990102"})
    made = house.done(f"/stations/{NEXT}/agreements", head_of(house, NEXT), {"with": "990101"})
    assert made["status"] == "in_force"
    assert len(house.rows("select 1 from village_agreements")) == 1


def test_one_side_alone_agrees_to_nothing(house: House) -> None:
    made = house.done(f"/stations/{STATION}/agreements", HEAD, {"with": "990102"})
    for caller in (HEAD, CHAIR):
        assert house.done(f"/agreements/{made['id']}/agree", caller)["status"] == "proposed"


def test_what_is_for_all_stations_is_the_chairs(house: House) -> None:
    made = house.done("/villages/990101/agreements", CHAIR, {"with": "990102"})
    assert made["station"] is None
    problem(house.post(f"/agreements/{made['id']}/end", HEAD), 404, "not_found")
    assert house.seen(f"/stations/{STATION}/agreements", HEAD)["items"][0]["id"] == made["id"]


@pytest.mark.parametrize("other", ["990101", "9901", "nowhere"])
def test_nobody_agrees_with_what_is_no_other_village(house: House, other: str) -> None:
    answer = house.post(f"/stations/{STATION}/agreements", HEAD, {"with": other})
    assert "with" in problem(answer, 422, "invalid")["errors"]


def test_nobody_agrees_to_lend_over_a_way_that_nobody_knows(house: House) -> None:
    """People say how far they would go: without a distance nobody would ever be lent."""
    house.rows("update org_units set lat = null where code = '990102'")
    path, other = f"/stations/{STATION}/agreements", head_of(house, NEXT)
    said = problem(house.post(path, HEAD, {"with": "990102"}), 422, "way_unknown")
    assert (said["title"], list(said["errors"])) == (
        "还不知道两个村相距多远：请填上有多少公里", ["km"],
    )  # fmt: skip
    assert house.rows("select 1 from village_agreements") == []
    made = house.done(path, HEAD, {"with": "990102", "km": 3})
    assert house.done(f"/agreements/{made['id']}/agree", other)["km"] == 3.0


def test_a_distance_that_the_other_side_gives_counts(house: House) -> None:
    made = house.done(f"/stations/{STATION}/agreements", HEAD, {"with": "990102"})
    house.rows("update org_units set lat = null where code = '990102'")
    problem(house.post(f"/agreements/{made['id']}/agree", head_of(house, NEXT)), 422, "way_unknown")
    sent = {"with": "990101", "km": 2.5}
    made = house.done(f"/stations/{NEXT}/agreements", head_of(house, NEXT), sent)
    assert (made["status"], made["km"]) == ("in_force", 2.5)


# ------------------------------------------------------------------ standing pairs


def test_a_pair_that_stands_says_when_the_next_visit_is(house: House) -> None:
    made = paired(house, "u016")[0]
    assert made["next_at"] is None
    for code in ("u016", "u045"):
        made = house.done(f"/pairs/{made['id']}/agree", code)
    at = clock.datetime.fromisoformat(made["next_at"])
    assert (at.isoweekday(), at.hour) == (3, 9)
    assert at > clock.now() + timedelta(days=1)


def test_who_has_an_account_is_not_spoken_for(house: House) -> None:
    made = house.submit("u045", category="PUB-03")
    sent = {"request": made["id"], "volunteers": [me(house, "u016")], "consent_how": "oral"}
    said = problem(house.post(f"/stations/{STATION}/pairs", HEAD, sent), 422, "invalid")
    assert list(said["errors"]) == ["consent_how"]


def paired(house: House, *codes: str) -> list[Any]:
    made = house.submit("u045", category="PUB-03")
    sent = {
        "request": made["id"],
        "volunteers": [me(house, code) for code in codes],
        "weekday": 3,
        "from": "09:00",
        "every_weeks": 2,
    }
    return list(house.done(f"/stations/{STATION}/pairs", HEAD, sent)["items"])


def test_a_pair_stands_when_each_has_consented_and_each_may_end_it(house: House) -> None:
    first, second = paired(house, "u016", "u017")
    assert (first["weekday"], first["from"], first["status"]) == (3, "09:00", "proposed")
    mine = house.seen("/me/pairs", "u016")["items"][0]
    assert (mine["villager"], mine["allowed_actions"]) == (None, ["agree", "end"])
    assert house.done(f"/pairs/{mine['id']}/agree", "u016")["status"] == "proposed"
    for _ in range(2):
        assert house.done(f"/pairs/{mine['id']}/agree", "u045")["status"] == "active"
    assert house.seen("/me/pairs", "u016")["items"][0]["villager"] is not None
    assert titles(house, "u016")[0] == "固定帮忙说定了"
    other = next(each["id"] for each in (first, second) if each["id"] != mine["id"])
    house.done(f"/pairs/{other}/end", "u017")
    assert [p["id"] for p in house.seen("/me/pairs", "u045")["items"]] == [mine["id"]]
    house.done(f"/pairs/{mine['id']}/end", "u045")
    problem(house.post(f"/pairs/{mine['id']}/agree", "u016"), 409, "pair_over")
    assert house.seen(f"/stations/{STATION}/pairs", HEAD)["items"] == []


def test_the_head_consents_for_nobody(house: House) -> None:
    pair = paired(house, "u016")[0]["id"]
    problem(house.post(f"/pairs/{pair}/agree", HEAD), 403, "forbidden")
    problem(house.post(f"/pairs/{pair}/agree", "u017"), 404, "not_found")


def test_whatever_is_in_the_way_of_a_pair_is_said_in_one_word(house: House) -> None:
    house.rows(
        """insert into conflict_declarations (person_id, other_id, kind, declared_at)
           values (:one, :other, 'kin', now())""",
        one=me(house, "u045"),
        other=me(house, "u016"),
    )
    made = house.submit("u045", category="PUB-03")["id"]
    hidden = house.submit("u045", category="PUB-03", hide_me=True)["id"]
    for request, code in ((made, "u016"), (made, "u041"), (hidden, "u017")):
        sent = {"request": request, "volunteers": [me(house, code)]}
        problem(house.post(f"/stations/{STATION}/pairs", HEAD, sent), 422, "cannot_pair")


# ------------------------------------------------------------------ what was learnt


def test_she_alone_sees_what_was_learnt_and_resets_it(house: House) -> None:
    house.rows(
        """insert into response_stats (id, person_id, key, yes, tries, at) values
           (gen_random_uuid(), :me, 'all', 2.04, 5.1, now()),
           (gen_random_uuid(), :me, 'kind:PUB-03', 1, 2, now()),
           (gen_random_uuid(), :me, 'hour:morning', 1, 0.6, now())""",
        me=me(house, "u016"),
    )
    learned = house.seen("/me/dispatch", "u016")["learned"]
    assert {each["kind"] for each in learned} == {"all", "kind", "hour"}
    assert "最近大约问过您5.1次，答应了2.0次" in {each["text"] for each in learned}
    assert house.call("DELETE", "/me/dispatch/learned", "u016").status_code == 204
    after = house.seen("/me/dispatch", "u016")
    assert (after["learned"], after["personal"]) == ([], True)
    assert house.rows("select 1 from response_resets where personal")
