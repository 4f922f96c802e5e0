"""What a rule would move, before it is in force: counts, examples, and nothing that is secret."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.house import FLOOD, LAMP, House
from tests.service.test_problems import problem
from tests.service.world import VIOLENCE

CHAIR, HEAD, AWAY = "u001", "u006", "u101"
RULES = "/villages/990101/routing-rules"
LAMPS = {"title": "灯归文体站", "words": ["路灯"], "to": "station", "station": "culture"}
BINS = "村头垃圾堆了半个月没人收，臭得很。"


def tried(house: House, rule: Any = None, **facts: Any) -> Any:
    where = {} if "rule_id" in facts else {"village": "990101"}
    body = {**where, "rule": LAMPS if rule is None else rule, **facts}
    return house.done("/routing/dry_run", CHAIR, body)


def made(house: House, **facts: Any) -> Any:
    return house.done(RULES, CHAIR, {**LAMPS, **facts})


def counts(found: Any) -> list[tuple[str, str, int]]:
    return [(move["from"], move["to"], move["count"]) for move in found["moves"]]


def test_a_new_rule_says_what_it_would_move(house: House) -> None:
    lamps = [house.submit() for _ in range(2)]
    house.submit(text=BINS)
    found = tried(house)
    assert (found["looked_at"], found["holds_for"]) == (3, 2)
    assert counts(found) == [("public_works", "culture", 2)]
    newest = found["examples"][0]
    assert (newest["id"], newest["number"]) == (lamps[1]["id"], lamps[1]["number"])
    assert (newest["text"], newest["station"]) == (LAMP, "public_works")
    assert newest["why"] == "村规则《灯归文体站》：词语“路灯”"


def test_it_comes_to_what_the_rule_then_does(house: House) -> None:
    """Whatever the dry run says of a text is what becomes of it once the rule is in force."""
    texts = [
        LAMP,
        BINS,
        "路灯下的垃圾桶满了",
        "邻居在路灯边占我家的地，请来调解",
        "路灯站长拿回家了",
    ]
    before = {text: house.submit(text=text)["station"] for text in texts}
    found = tried(house)
    said = {one["text"]: (one["from"], one["to"]) for one in found["examples"]}
    made(house)
    for text in texts:
        after = house.submit(text=text)["station"]
        moved = (before[text] or "triage", after or "triage")
        assert said.get(text, moved) == moved
        assert (text in said) == (before[text] != after)


def test_nothing_is_written(house: House) -> None:
    rule = made(house, words=["电杆"])
    house.submit()
    body = {"village": "990101", "rule": LAMPS}
    for _ in range(2):
        answer = house.post("/routing/dry_run", CHAIR, body, headers={"Idempotency-Key": "a"})
        assert answer.status_code == 200
    tried(house, {"active": False}, rule_id=rule["id"])
    assert house.rows("select version, active from routing_rules") == [(1, True)]
    assert len(house.rows("select 1 from routing_rule_versions")) == 1
    assert house.rows("select 1 from idempotency_keys") == []


def test_a_change_is_held_against_the_rule_as_it_is(house: House) -> None:
    rule = made(house)
    house.submit()
    house.submit(text=BINS)
    changed = tried(house, {"station": "sanitation"}, rule_id=rule["id"])
    assert counts(changed) == [("culture", "sanitation", 1)]
    assert tried(house, {"title": "新名"}, rule_id=rule["id"])["moves"] == []
    ended = tried(house, {"active": False}, rule_id=rule["id"])
    assert (counts(ended), ended["holds_for"]) == ([("culture", "public_works", 1)], 1)
    assert ended["examples"][0]["why"] is None


def test_the_order_of_the_rules_counts(house: House) -> None:
    made(house, words=["小学"], station="sanitation", position=50)
    house.submit()
    assert tried(house)["moves"] == []
    assert counts(tried(house, {**LAMPS, "position": 10})) == [("sanitation", "culture", 1)]


def test_council_and_authority_are_named(house: House) -> None:
    house.submit()
    council = {"title": "交会议", "words": ["路灯"], "to": "council"}
    assert counts(tried(house, council)) == [("public_works", "council", 1)]
    power = {"title": "归供电", "words": ["路灯"], "to": "authority", "referral": "power"}
    assert counts(tried(house, power)) == [("public_works", "authority", 1)]


def test_a_chosen_category_is_remembered(house: House) -> None:
    by_category = {"title": "类别", "category": "PUB-03", "to": "station", "station": "culture"}
    house.submit()
    house.submit(category="PUB-03")
    assert tried(house, by_category)["holds_for"] == 1
    made(house)
    house.submit(category="PUB-03")
    found = tried(house, {**by_category, "station": "sanitation", "position": 1})
    assert counts(found) == [("culture", "sanitation", 2)]


def test_only_so_many_and_only_of_this_village_are_looked_at(house: House) -> None:
    for _ in range(3):
        house.submit()
    house.submit("u141", village="990102")
    assert tried(house)["looked_at"] == 3
    assert tried(house, last=2)["looked_at"] == 2


def test_no_more_than_twenty_examples_and_as_many_statements_for_many(
    house: House, statements: Any
) -> None:
    house.submit()
    house.login(CHAIR)
    with statements() as few:
        tried(house)
    for _ in range(22):
        house.submit()
    with statements() as many:
        found = tried(house)
    assert (found["moves"][0]["count"], len(found["examples"])) == (23, 20)
    assert len(many) == len(few) <= 5


SECRET = {
    "a dispute": "sealed = true",
    "the safe path": "waits_for = 'safe_path'",
    "violence": """emergency = '{"kind": "dv", "danger_now": false}'""",
    "a wish to die": """emergency = '{"kind": "suicide", "danger_now": false}'""",
    "danger that is there": """emergency = '{"kind": "fire", "danger_now": true}'""",
    "an open question": """emergency = '{"kind": "fire", "danger_now": null}'""",
    "a draft": "status = 'draft'",
    "an answer that was hers": "status = 'not_ours', station = null",
}


@pytest.mark.parametrize("change", SECRET.values(), ids=SECRET)
def test_what_is_secret_is_not_even_counted(house: House, change: str) -> None:
    house.submit(text=BINS)
    secret = house.submit()
    house.rows(f"update requests set {change} where id = '{secret['id']}'")
    found = tried(house, last=1)
    assert found == {"looked_at": 1, "holds_for": 0, "moves": [], "examples": []}


def test_secrets_written_as_people_write_them_are_not_counted(house: House) -> None:
    house.submit(text=VIOLENCE + "，路灯", emergency_confirmed=False)
    house.submit(text=FLOOD + "，路灯")
    house.submit(text="邻居占了我家的路灯", category="MED-01")
    assert tried(house)["looked_at"] == 0


@pytest.mark.parametrize("change", ["hide_me = true", "neutral = true"])
def test_who_asked_for_discretion_is_a_number(house: House, change: str) -> None:
    house.submit()
    house.rows(f"update requests set {change}")
    found = tried(house)
    assert (counts(found), found["examples"]) == ([("public_works", "culture", 1)], [])


def test_only_the_villages_chair_tries(house: House) -> None:
    rule = made(house)
    new, old = {"village": "990101", "rule": LAMPS}, {"rule_id": rule["id"], "rule": {}}
    for body in (new, old):
        problem(house.post("/routing/dry_run", HEAD, body), 403, "forbidden")
        for caller in ("u041", AWAY):
            problem(house.post("/routing/dry_run", caller, body), 404, "not_found")
    unknown = {"rule_id": "01998d2e-0000-7000-8000-000000000000"}
    problem(house.post("/routing/dry_run", CHAIR, unknown), 404, "not_found")
    nowhere = {"village": "999999", "rule": LAMPS}
    problem(house.post("/routing/dry_run", CHAIR, nowhere), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "village"),
        ({"village": "990101"}, "rule"),
        ({"village": "990101", "rule": {"words": ["路灯"]}}, "rule"),
        ({"village": "990101", "rule": {**LAMPS, "words": ["灯"]}}, "rule.words"),
        ({"village": "990101", "rule": {**LAMPS, "station": "kitchen"}}, "rule.station"),
        ({"village": "990101", "rule": LAMPS, "last": 501}, "last"),
        ({"village": "990101", "rule": LAMPS, "last": 0}, "last"),
        ({"rule_id": "7", "rule": {}}, "rule_id"),
    ],
)
def test_what_cannot_be_tried_is_refused_in_words(
    house: House, body: dict[str, Any], field: str
) -> None:
    said = problem(house.post("/routing/dry_run", CHAIR, body), 422, "invalid")["errors"]
    assert field in said
