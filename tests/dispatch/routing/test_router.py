from __future__ import annotations

from collections.abc import Callable

import pytest

from dispatch.routing import directory
from dispatch.routing.emergency import screen
from dispatch.routing.labels import LABELS
from dispatch.routing.router import Routing, route
from dispatch.routing.rules import OWN, Rule, village_rule
from village.catalog.entries import packaged_categories
from village.catalog.files import Row, read

TEXTS = read("request_texts")


def routed(row: Row, *, chosen: bool) -> Routing:
    category = packaged_categories()[row["category"]] if chosen else None
    found = screen(row["text"])
    kinds = found.kinds if found and row["danger_now"] == "no" else ()
    return route(row["text"], category, row["village"], kinds=kinds)


def queue(row: Row) -> str:
    if row["danger_now"] == "yes":
        return "emergency" if screen(row["text"]) else "missed"
    routing = routed(row, chosen=True)
    category = packaged_categories()[row["category"]]
    if routing.decision == "triage":
        return f"chair:{routing.waits_for or category.next_step}"
    if routing.waits_for or category.next_step == "info":
        return f"head:{routing.waits_for or category.next_step}"
    return category.next_step


@pytest.mark.parametrize("row", TEXTS, ids=lambda row: row["id"])
def test_a_chosen_category_leads_to_the_queue_that_is_expected(row: Row) -> None:
    assert queue(row) == row["expected_queue"]


@pytest.mark.parametrize("row", TEXTS, ids=lambda row: row["id"])
def test_a_chosen_category_and_the_words_give_the_priority(row: Row) -> None:
    if row["prio"] != "P0":  # made by the villager's answer, not by routing
        assert routed(row, chosen=True).priority == row["prio"]


@pytest.mark.parametrize("row", TEXTS, ids=lambda row: row["id"])
def test_words_alone_lead_to_the_right_station_or_to_a_person(row: Row) -> None:
    assert routed(row, chosen=False).station in (row["station"], None)


def test_words_alone_route_most_texts() -> None:
    routings = [routed(row, chosen=False) for row in TEXTS]
    decided = [each for each in routings if each.station or each.waits_for]
    assert len(decided) >= 0.6 * len(TEXTS)


def test_a_street_lamp_goes_to_public_works_with_its_reasons() -> None:
    routing = route("村口到小学那段路灯坏了三盏", None, "990101")
    assert (routing.decision, routing.by, routing.station) == ("routed", "words", "public_works")
    assert routing.category == "PUB-03"
    assert "路灯" in {reason.text for reason in routing.reasons}
    assert 0 < routing.confidence < 1


def test_a_tie_goes_to_the_chair_with_both_stations() -> None:
    routing = route("垃圾堆在路灯下面，路灯也不亮", None, "990101")
    assert (routing.decision, routing.station) == ("triage", None)
    assert {each.station for each in routing.alternatives} == {"public_works", "sanitation"}


def test_words_that_say_nothing_go_to_the_chair() -> None:
    routing = route("麻烦了麻烦了", None, "990101")
    assert (routing.decision, routing.category, routing.reasons) == ("triage", None, [])


def test_the_county_s_own_matters_are_not_put_to_a_station() -> None:
    assert route("征地的钱开发商没给，路灯也没装", None, "990101").station is None


def test_a_dam_that_leaks_more_and_more_is_raised() -> None:
    row = next(row for row in TEXTS if row["id"] == "P03")
    assert packaged_categories()["PUB-04"].priority == "P2"
    assert routed(row, chosen=True).priority == "P1"


@pytest.mark.parametrize("code", ["P08", "P09"])
def test_supervision_goes_round_the_council_and_the_head(code: str) -> None:
    row = next(row for row in TEXTS if row["id"] == code)
    for chosen in (True, False):
        routing = routed(row, chosen=chosen)
        assert (routing.station, routing.waits_for) == (None, "supervision")


def test_violence_at_home_opens_no_mediation() -> None:
    row = next(row for row in TEXTS if row["id"] == "M05")
    assert routed(row, chosen=True).waits_for == "safe_path"
    assert routed(row, chosen=False).waits_for == "safe_path"


def test_the_head_s_own_matter_goes_to_the_chair() -> None:
    lamp = packaged_categories()["PUB-03"]
    routing = route("我家门口路灯坏了", lamp, "990101", own_stations=["public_works"])
    assert (routing.decision, routing.station, routing.category) == ("triage", None, "PUB-03")
    assert routing.alternatives[0].station == "public_works"
    assert route("站长拿了公家的水管", lamp, "990101").decision == "triage"


def test_the_same_text_is_routed_the_same_way_and_names_its_version() -> None:
    first, second = (route("水管爆了没水用", None, "990101") for _ in range(2))
    assert first == second
    assert first.record()["version"].startswith("words-")


PENSION = "请问养老保险断交三年怎么补缴，社保局说要去外地开证明，退休工资怎么算"


@pytest.mark.parametrize(
    "text",
    ["他家藏枪", "隔壁家在吸毒", "有人偷我家牛", "村干部吃回扣", "村主任贪污低保钱", "他家开传销"],
)
def test_crimes_and_words_about_persons_are_never_queued_whatever_was_chosen(text: str) -> None:
    for chosen in (None, packaged_categories()["AID-03"]):
        found = route(text, chosen, "990101")
        assert (found.decision, found.station) == ("not_ours", None)
    assert directory.is_tip_off(text)


@pytest.mark.parametrize("text", ["1", "{{7*7}}", "'; drop table requests; --", "???"])
def test_what_is_no_word_is_answered_by_a_person(text: str) -> None:
    assert route(text, None, "990101").decision == "triage"


@pytest.mark.parametrize("text", ["禁毒宣传什么时候来村里", "小孩的水枪掉沟里了"])
def test_who_only_uses_such_words_is_heard(text: str) -> None:
    assert route(text, packaged_categories()["AID-03"], "990101").station == "mutual_aid"


def test_what_is_no_village_matter_is_answered() -> None:
    allowed = route(PENSION, None, "990101")
    assert (allowed.decision, allowed.station) == ("not_ours", None)


@pytest.mark.parametrize("row", TEXTS, ids=lambda row: row["id"])
def test_no_request_of_the_village_is_sent_away(row: Row) -> None:
    routing = route(row["text"], None, row["village"])
    stops = row["danger_now"] == "yes" and directory.is_tip_off(row["text"])  # M12: thieves
    assert (routing.decision == "not_ours") is stops


def test_a_tip_off_about_a_person_is_never_queued() -> None:
    text = "我要举报村支书把修路款私吞了，贪了好几万"
    routing = route(text, None, "990101")
    assert (routing.decision, routing.by) == ("not_ours", "rule")
    assert routing.reasons[0].kind == "rule"


def test_the_model_decides_where_words_are_not_clear_and_says_which_one() -> None:
    text = "我老娘腿不中了，儿女都在外头，屋里没人，想有人常来坐坐讲讲话"
    routing = route(text, None, "990101")
    assert (routing.decision, routing.by, routing.station) == ("routed", "model", "mutual_aid")
    assert "model" in {reason.kind for reason in routing.reasons}
    assert "+model-" in routing.version


def test_a_rule_of_one_village_is_not_another_s(rules_file: Callable[..., None]) -> None:
    mine = {"village": "990101", "phrase": "龙潭", "unless": "龙潭小学", "to": "sanitation",
            "category": "", "directory": "", "why": "龙潭归卫生站看"}  # fmt: skip
    everywhere = {**mine, "village": "", "to": "culture"}
    rules_file(everywhere, mine)
    assert [village_rule("龙潭边上", code) for code in ("990101", "990105")] == [
        Rule("sanitation", None, "龙潭归卫生站看"),
        Rule("culture", None, "龙潭归卫生站看"),
    ]
    assert village_rule("龙潭小学", "990101") is None


def test_rules_name_stations_and_categories_that_there_are() -> None:
    for row in read("routing_rules"):
        assert row["to"] in (*LABELS, "chair", OWN)
        assert not row["category"] or row["category"] in packaged_categories()
        assert row["why"]
