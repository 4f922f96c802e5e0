"""A village's own rules: what they move, what stays whatever they say, and what is written."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from dispatch import intake
from tests.village.town import VILLAGE, Town
from village import clock, routing_rules
from village.catalog.cache import Catalog
from village.ids import new_id
from village.models import RoutingRule

LAMP = "村口到小学那段路灯坏了三盏"
QUARREL = "邻居家盖房占了我家的地，吵了好几次，想请人调解"


def agree(town: Town, *, to: str = "culture", **facts: Any) -> UUID:
    """Write a rule as it stands in the table; `to` is a station, `council` or a referral."""
    station = to if to in ("culture", "sanitation", "mediation") else None
    target = "station" if station else "council" if to == "council" else "authority"
    values = {
        "title": "规则", "position": 100, "active": True, "words": [], "unless": [], "places": [],
        "target": target, "station": station, "referral": to if target == "authority" else None,
        "version": 1, "changed_at": clock.now(), **facts,
    }  # fmt: skip
    rule = RoutingRule(id=new_id(), village_code=VILLAGE, **values)
    town.add(rule)
    return rule.id


def submit(town: Town, catalog: Catalog, text: str = LAMP, **sent: Any) -> Any:
    body = {"village": VILLAGE, "text": text, **sent}
    actor = sent.pop("actor", town.villager)
    return town.run(lambda session: intake.submit(session, actor, catalog, body))


def test_a_rule_says_where_to_and_which_rule_it_was(town: Town, catalog: Catalog) -> None:
    rule_id = agree(town, title="灯归文体站", words=["路灯"], version=3)
    request = submit(town, catalog)
    assert (request.status, request.station) == ("submitted", "culture")
    routing = request.routing
    assert (routing["decision"], routing["by"], routing["confidence"]) == ("routed", "rule", 1.0)
    assert routing["rule"] == {
        "id": str(rule_id), "version": 3, "referral": None, "chosen": None,
    }  # fmt: skip
    assert routing["reasons"][0]["text"] == "村规则《灯归文体站》：词语“路灯”"
    assert routing["alternatives"][0]["station"] == "public_works"


@pytest.mark.parametrize(
    ("facts", "sent", "holds"),
    [
        ({"words": ["路灯", "电杆"]}, {}, True),
        ({"words": ["电杆"]}, {}, False),
        ({"words": ["路灯"], "unless": ["小学"]}, {}, False),
        ({"places": ["老水井"]}, {}, False),
        ({"places": ["老水井"]}, {"place": {"name": "老 水井旁"}}, True),
        ({"places": ["小学"]}, {}, True),
        ({"words": ["路灯"], "places": ["老水井"]}, {}, False),
        ({"words": ["wifi"]}, {"text": "村部的ＷｉＦｉ连不上"}, True),
        ({"category": "PUB-03"}, {}, False),
        ({"category": "PUB-03"}, {"category": "PUB-03"}, True),
        ({"category": "PUB-03", "words": ["电杆"]}, {"category": "PUB-03"}, False),
        ({"words": ["路灯"], "active": False}, {}, False),
    ],
)
def test_a_rule_holds_where_all_its_conditions_do(
    town: Town, catalog: Catalog, facts: dict[str, Any], sent: dict[str, Any], holds: bool
) -> None:
    agree(town, **facts)
    request = submit(town, catalog, **sent)
    assert (request.station == "culture") is holds
    assert (request.routing["rule"] is not None) is holds


def test_the_first_rule_in_the_villages_order_decides(town: Town, catalog: Catalog) -> None:
    agree(town, to="culture", words=["路灯"], position=20)
    agree(town, to="sanitation", words=["小学"], position=10)
    assert submit(town, catalog).station == "sanitation"


def test_a_chosen_category_and_its_limits_go_along(town: Town, catalog: Catalog) -> None:
    agree(town, words=["路灯"])
    request = submit(town, catalog, category="PUB-03")
    assert (request.station, request.category) == ("culture", "PUB-03")
    assert request.routing["rule"]["chosen"] == "PUB-03"


def test_what_is_for_the_council_waits_at_the_chairs(town: Town, catalog: Catalog) -> None:
    agree(town, to="council", words=["路灯"])
    request = submit(town, catalog)
    assert (request.status, request.station, request.waits_for) == ("triage", None, "council")


def test_the_word_of_a_crime_alone_keeps_no_rule_away(town: Town, catalog: Catalog) -> None:
    agree(town, words=["景观灯"])
    request = submit(town, catalog, "景观灯坏了 有人偷了电线")
    assert (request.station, request.routing["rule"] is not None) == ("culture", True)
    assert submit(town, catalog, "景观灯那里有人偷了我家羊").station is None


def test_what_is_an_authoritys_is_answered_and_may_be_kept(town: Town, catalog: Catalog) -> None:
    agree(town, to="power", words=["路灯"])
    request = submit(town, catalog)
    assert (request.status, request.station) == ("not_ours", None)
    assert (request.advice[0]["kind"], request.advice[0]["may_keep"]) == ("power", True)


def test_what_goes_to_the_mediators_is_sealed(town: Town, catalog: Catalog) -> None:
    agree(town, to="mediation", words=["路灯"])
    for category in (None, "PUB-03"):
        request = submit(town, catalog, category=category)
        assert (request.station, request.sealed) == ("mediation", True)


@pytest.mark.parametrize("to", ["culture", "council", "land"])
@pytest.mark.parametrize("category", [None, "MED-01"])
def test_no_rule_opens_a_dispute(
    town: Town, catalog: Catalog, to: str, category: str | None
) -> None:
    agree(town, to=to, words=["邻居"])
    request = submit(town, catalog, QUARREL, category=category)
    assert (request.station, request.sealed) == ("mediation", True)
    assert request.routing["rule"] is None


@pytest.mark.parametrize("to", ["culture", "council", "women"])
@pytest.mark.parametrize("text", ["他喝了酒就打我和孩子", "我不想活了", "那家小孩天天被打"])
def test_no_rule_touches_the_safe_path(town: Town, catalog: Catalog, to: str, text: str) -> None:
    agree(town, to=to, words=["打", "不想活"])
    plain = town.run(lambda session: routing_rules.active(session, VILLAGE))
    assert len(plain) == 1
    request = submit(town, catalog, text, emergency_confirmed=False)
    assert request.routing["rule"] is None


def test_danger_is_asked_about_before_any_rule(town: Town, catalog: Catalog) -> None:
    agree(town, to="culture", words=["起火"])
    request = submit(town, catalog, "后山起火了")
    assert (request.status, request.emergency["kind"]) == ("draft", "fire")
    agree(town, to="forestry", words=["起火"], position=1)
    kept = submit(town, catalog, "后山起火了")
    assert kept.routing["decision"] != "not_ours"


@pytest.mark.parametrize(
    "text", ["我要举报支书贪了修路的钱，路灯也没装", "有人在路灯厂那栋楼搞传销"]
)
def test_no_rule_queues_crimes_and_tip_offs(town: Town, catalog: Catalog, text: str) -> None:
    agree(town, words=["路灯"])
    request = submit(town, catalog, text)
    assert (request.station, request.routing["rule"]) == (None, None)


def test_no_rule_keeps_a_matter_from_the_chair(town: Town, catalog: Catalog) -> None:
    agree(town, words=["路灯", "账目"])
    assert submit(town, catalog, "路灯站长自己拿回家了").station is None
    about_money = submit(town, catalog, "路灯的账目要公开", category="PUB-11")
    assert (about_money.station, about_money.routing["rule"]) == (None, None)


def test_the_next_villages_rules_are_its_own(town: Town, catalog: Catalog) -> None:
    agree(town, words=["路灯"])
    assert town.run(lambda session: routing_rules.active(session, "990101")) == []
