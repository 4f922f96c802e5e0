"""A village's routing rules, over HTTP: the chair keeps them, and nothing of them is lost."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import Any

import pytest
import sqlalchemy as sa

from tests.service.house import House
from tests.service.test_problems import problem
from village.rule_book import MOST_ACTIVE

CHAIR, HEAD, AWAY = "u001", "u006", "u101"
CLERK, OTHER_CLERK = "u067", "u170"
RULES = "/villages/990101/routing-rules"
LAMPS = {"title": "灯归文体站", "words": ["路灯"], "to": "station", "station": "culture"}


def made(house: House, **facts: Any) -> Any:
    return house.done(RULES, CHAIR, {**LAMPS, **facts})


def put(house: House, rule: Any, sent: Any, caller: str = CHAIR, **options: Any) -> Any:
    return house.call("PUT", f"/routing-rules/{rule['id']}", caller, json=sent, **options)


def end(house: House, rule: Any, **options: Any) -> Any:
    return house.call("DELETE", f"/routing-rules/{rule['id']}", CHAIR, **options)


def refused(house: House, **facts: Any) -> Any:
    """The messages with which a rule is refused."""
    answer = house.post(RULES, CHAIR, {**LAMPS, **facts})
    said = problem(answer, 422, "invalid")["errors"]
    assert house.rows("select 1 from routing_rules") == []
    return said


def test_a_rule_is_in_force_at_once_and_says_why(house: House) -> None:
    assert house.submit()["station"] == "public_works"
    rule = made(house)
    assert (rule["version"], rule["active"], rule["position"]) == (1, True, 100)
    assert rule["changed_by"] == house.seen("/me", CHAIR)["name"]
    request = house.submit()
    assert request["station"] == "culture"
    assert request["routing"]["rule"] == {"id": rule["id"], "version": 1}
    assert request["routing"]["reasons"][0]["text"] == "村规则《灯归文体站》：词语“路灯”"
    (seen,) = house.seen("/stations/990101.culture/queue", "u005")["items"]
    shown = house.seen(f"/requests/{seen['id']}", "u005")["routing"]
    assert shown["reasons"][0]["text"].startswith("村规则《灯归文体站》")


def test_a_change_is_a_new_version_and_old_decisions_keep_theirs(house: House) -> None:
    rule = made(house)
    first = house.submit()
    answer = put(house, rule, {"station": "sanitation", "title": "灯归卫生站"})
    assert (answer.status_code, answer.json["version"]) == (200, 2)
    assert house.submit()["routing"]["rule"]["version"] == 2
    old = house.seen(f"/requests/{first['id']}", "u041")["routing"]
    assert (old["rule"]["version"], old["reasons"][0]["text"][:5]) == (1, "村规则《灯")
    now, before = house.seen(f"/routing-rules/{rule['id']}/versions", HEAD)["items"]
    assert (now["station"], before["station"]) == ("sanitation", "culture")
    assert (before["title"], before["version"], before["to"]) == ("灯归文体站", 1, "station")
    assert before["changed_by"] == rule["changed_by"]
    assert before["changed_at"] <= now["changed_at"]


def test_versions_cannot_be_rewritten(house: House) -> None:
    made(house)
    for statement in ("update routing_rule_versions set version = 9",
                      "delete from routing_rule_versions"):  # fmt: skip
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            house.rows(statement)


def test_an_ended_rule_is_kept_and_decides_no_more(house: House) -> None:
    rule = made(house)
    assert end(house, rule).json["active"] is False
    again = end(house, rule)
    assert (again.status_code, again.json["version"]) == (200, 2)
    assert house.submit()["station"] == "public_works"
    assert house.seen(f"{RULES}?active=true", CHAIR)["items"] == []
    assert [one["id"] for one in house.seen(RULES, CHAIR)["items"]] == [rule["id"]]
    assert put(house, rule, {"active": True}).json["version"] == 3
    assert house.submit()["station"] == "culture"


def test_a_rule_that_no_longer_fits_can_still_be_ended(house: House) -> None:
    rule = made(house, to="authority", station=None, referral="power")
    house.rows("update routing_rules set referral = 'gone'")
    assert end(house, rule).json["active"] is False
    assert put(house, rule, {"active": True}).status_code == 422
    assert put(house, rule, {"title": "别的"}).status_code == 422


def test_who_has_not_seen_the_newest_version_changes_nothing(house: House) -> None:
    rule = made(house)
    assert put(house, rule, {"position": 5}, headers={"If-Match": '"1"'}).status_code == 200
    late = put(house, rule, {"position": 6}, headers={"If-Match": '"1"'})
    assert problem(late, 412, "stale_version")["version"] == 2
    problem(end(house, rule, headers={"If-Match": '"1"'}), 412, "stale_version")
    assert house.seen(f"/routing-rules/{rule['id']}", CHAIR)["position"] == 5


def test_what_changes_nothing_makes_no_version(house: House) -> None:
    rule = made(house)
    for sent in ({}, {"title": " 灯归文体站 "}, {"words": ["路 灯", "路灯"]}):
        assert put(house, rule, sent).json["version"] == 1
    assert len(house.rows("select 1 from routing_rule_versions")) == 1


def test_the_same_key_writes_one_rule(house: House) -> None:
    for _ in range(2):
        answer = house.post(RULES, CHAIR, LAMPS, headers={"Idempotency-Key": "a"})
        assert answer.status_code == 201
    assert len(house.rows("select 1 from routing_rules")) == 1


def test_rules_are_listed_in_the_order_in_which_they_are_tried(house: House) -> None:
    for position, text in ((30, "水渠"), (10, "电杆"), (20, "井盖")):
        made(house, words=[text], position=position)
    first = house.seen(f"{RULES}?limit=2", HEAD)
    rest = house.seen(f"{RULES}?limit=2&cursor={first['next_cursor']}", HEAD)
    found = [one["words"][0] for one in (*first["items"], *rest["items"])]
    assert (found, rest["next_cursor"]) == (["电杆", "井盖", "水渠"], None)


@pytest.mark.parametrize(
    ("facts", "field", "words"),
    [
        ({"words": []}, "words", "至少写一个词"),
        ({"words": ["。！"]}, "words", "太短"),
        ({"words": ["灯"]}, "words", "“灯”太短"),
        ({"words": ["我们"]}, "words", "“我们”几乎人人都会写"),
        ({"words": ["路灯"], "places": ["村"]}, "places", "太短"),
        ({"unless": ["灯"]}, "unless", "永远用不上"),
        ({"category": "NEW-01"}, "category", "没有这个类别"),
        ({"category": "MED-01"}, "category", "纠纷"),
        ({"category": "PUB-11"}, "category", "会长"),
        ({"category": "CUL-03", "words": []}, "station", "本来就归这个站"),
        ({"station": None}, "station", "请选一个站"),
        ({"to": "council"}, "station", "只有转到站时才选站"),
        ({"to": "authority", "station": None}, "referral", "请选"),
        ({"to": "authority", "station": None, "referral": "moon"}, "referral", "没有这一类"),
        ({"to": "authority", "station": None, "referral": "crime"}, "referral", "不登记"),
        ({"referral": "power"}, "referral", "只有转到部门时才选部门"),
    ],
)
def test_a_rule_that_would_do_harm_is_refused_in_words(
    house: House, facts: dict[str, Any], field: str, words: str
) -> None:
    said = refused(house, **facts)
    assert words in said[field][0]


@pytest.mark.parametrize(
    "facts",
    [
        {"station": "kitchen"}, {"station": "990102.culture"}, {"to": "moon"}, {"title": ""},
        {"title": "长" * 41}, {"words": ["词" * 21]}, {"words": ["路灯"] * 21}, {"words": "路灯"},
        {"words": [None]}, {"words": ["路\u0000灯"]}, {"position": 0}, {"position": "7"},
        {"active": True}, {"village": "990102"}, {"category": 7},
    ],
)  # fmt: skip
def test_what_is_malformed_is_refused(house: House, facts: dict[str, Any]) -> None:
    refused(house, **facts)


def test_a_second_rule_on_the_same_words_is_refused(house: House) -> None:
    rule = made(house, words=["路灯", "电杆"])
    twin = house.post(RULES, CHAIR, {**LAMPS, "words": ["电杆", "路 灯"], "station": "sanitation"})
    assert "《灯归文体站》" in problem(twin, 422, "invalid")["errors"]["words"][0]
    end(house, rule)
    other = made(house, words=["电杆", "路灯"], station="sanitation")
    assert put(house, rule, {"active": True}).status_code == 422
    end(house, other)
    assert put(house, rule, {"active": True}).status_code == 200


def test_a_village_keeps_so_many_rules_and_no_more(house: House) -> None:
    for number in range(MOST_ACTIVE):
        made(house, words=[f"第{number}号井"])
    answer = house.post(RULES, CHAIR, LAMPS)
    assert "最多50条" in problem(answer, 422, "invalid")["errors"]["active"][0]
    end(house, house.seen(RULES, CHAIR)["items"][0])
    made(house)


def test_two_who_write_at_once_do_not_write_the_same_twice(house: House) -> None:
    ready, statuses = Barrier(4), []
    house.login(CHAIR)

    def write() -> None:
        ready.wait()
        statuses.append(house.post(RULES, CHAIR, LAMPS).status_code)

    threads = [Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201, 422, 422, 422]


def test_only_the_villages_own_chair_writes_and_only_its_officers_read(house: House) -> None:
    rule = made(house)
    path = f"/routing-rules/{rule['id']}"
    problem(house.post(RULES, HEAD, LAMPS), 403, "forbidden")
    problem(put(house, rule, {"position": 1}, HEAD), 403, "forbidden")
    problem(put(house, rule, {"position": 1}, AWAY), 404, "not_found")
    for caller in ("u041", AWAY):
        problem(house.get(path, caller), 404, "not_found")
        problem(house.get(f"{path}/versions", caller), 404, "not_found")
        problem(house.get(RULES, caller), 403, "forbidden")
    assert house.seen(path, HEAD)["title"] == "灯归文体站"
    problem(house.get("/villages/999999/routing-rules", CHAIR), 404, "not_found")


def test_rules_are_read_in_one_statement_and_intake_takes_no_more_with_many(
    house: House, statements: Any
) -> None:
    house.submit()
    counts = []
    for number in range(3):
        with statements() as found:
            assert house.submit()["number"]
        counts.append(len(found))
        made(house, words=[f"第{number}号井"])
    assert len(set(counts)) == 1


def test_the_committee_s_clerk_keeps_the_rules_of_its_villages(house: House) -> None:
    """Permissions 4.2; what a rule would move she sees of what she entered herself alone."""
    rule = house.done(RULES, CLERK, LAMPS)
    assert put(house, rule, {"station": "sanitation"}, CLERK).json["version"] == 2
    assert [each["id"] for each in house.seen(RULES, CLERK)["items"]] == [rule["id"]]
    house.submit()
    about = {"rule_id": rule["id"], "rule": {}}
    tried = house.done("/routing/dry_run", CLERK, about)
    assert tried == {"looked_at": 0, "holds_for": 0, "moves": [], "examples": []}
    house.enter(CLERK)
    assert house.done("/routing/dry_run", CLERK, about)["holds_for"] == 1
    away = "/villages/990105/routing-rules"
    problem(house.post(away, CLERK, LAMPS), 403, "forbidden")
    problem(house.get(f"/routing-rules/{rule['id']}", OTHER_CLERK), 404, "not_found")
