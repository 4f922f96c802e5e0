"""The use case "submit a request": the emergency question, routing, and what is written."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from dispatch import intake
from dispatch.routing.predict import predict
from tests.village.town import VILLAGE, Town
from village import clock
from village.access import Actor, request_relations
from village.catalog.cache import Catalog
from village.errors import GuardFailed, Invalid
from village.models import Handover, Request
from village.workflow.engine import apply
from village.workflow.request import REQUEST

FIRE = "后山起火了"
LAMP = "村口到小学那段路灯坏了三盏"


def submit(town: Town, catalog: Catalog, text: str, actor: Actor | None = None, **sent: Any) -> Any:
    body = {"village": VILLAGE, "text": text, **sent}
    who = actor or town.villager
    return town.run(lambda session: intake.submit(session, who, catalog, body))


def answer(town: Town, catalog: Catalog, request: Request, *, danger_now: bool) -> str:
    def give(session: Session) -> str:
        who, said = town.villager, {"danger_now": danger_now}
        return str(intake.answer_emergency(session, who, catalog, request.id, **said).status)

    return str(town.run(give))


def test_a_sentence_is_put_to_the_station_that_does_such_things(
    town: Town, catalog: Catalog
) -> None:
    request = submit(town, catalog, LAMP)
    assert (request.status, request.station, request.category) == (
        "submitted", "public_works", "PUB-03",
    )  # fmt: skip
    assert (request.routing["decision"], request.routing["by"]) == ("routed", "words")
    assert request.number.startswith("QT20261125-")
    assert town.waiting("notify.tell") == 1


def test_the_category_that_was_chosen_counts_more_than_the_words(
    town: Town, catalog: Catalog
) -> None:
    request = submit(town, catalog, LAMP, category="CUL-03")
    assert (request.station, request.routing["by"]) == ("culture", "category")


def test_words_that_say_nothing_go_to_the_chair(town: Town, catalog: Catalog) -> None:
    request = submit(town, catalog, "麻烦你们看看")
    assert (request.status, request.station, request.category) == ("triage", None, None)
    assert request.routing["decision"] == "triage"
    assert town.due(request.id, "triage") == [
        clock.add_service_hours(request.created_at, 4)
    ]  # fmt: skip


def test_a_head_s_own_matter_goes_to_the_chair(town: Town, catalog: Catalog) -> None:
    request = submit(town, catalog, LAMP, town.head)
    assert (request.status, request.station) == ("triage", None)


def test_a_dispute_is_sealed_and_waits_for_its_mediators(town: Town, catalog: Catalog) -> None:
    request = submit(town, catalog, "邻居把过道占了", category="MED-01")
    assert (request.sealed, request.neutral, request.waits_for) == (True, True, "mediation")
    assert (request.station, request.hide_me) == ("mediation", True)


def test_danger_is_asked_about_before_anything_else(town: Town, catalog: Catalog) -> None:
    request = submit(town, catalog, FIRE, category="PUB-03")
    assert (request.status, request.emergency["kind"]) == ("draft", "fire")
    assert request.emergency["danger_now"] is None
    assert {"119"} <= {number["number"] for number in request.emergency["numbers"]}
    assert "T" in request.emergency["answer_by"]  # as all times are written, stored or fresh
    left = datetime.fromisoformat(request.emergency["answer_by"]) - clock.now()
    assert timedelta(seconds=100) < left <= timedelta(minutes=2)
    assert (town.waiting("notify.tell"), town.waiting("dispatch.round")) == (0, 0)
    assert town.due(request.id, "resolve") == []


def test_a_yes_is_handed_over_and_never_dispatched(town: Town, catalog: Catalog) -> None:
    request = submit(town, catalog, FIRE)
    assert answer(town, catalog, request, danger_now=True) == "handed_over"
    town.later(days=1)
    assert (town.status(request.id), town.request(request.id).priority) == ("handed_over", "P0")
    assert len(town.all(Handover, Handover.request_id == request.id)) == 1
    assert town.offers(request.id) == []


def test_a_yes_sent_along_is_handed_over_at_once(town: Town, catalog: Catalog) -> None:
    request = submit(town, catalog, FIRE, emergency_confirmed=True)
    assert (request.status, request.priority) == ("handed_over", "P0")


def test_a_yes_to_words_without_danger_is_believed(town: Town, catalog: Catalog) -> None:
    request = submit(town, catalog, LAMP, emergency_confirmed=True)
    assert (request.status, request.priority) == ("handed_over", "P0")
    assert request.emergency["numbers"]


@pytest.mark.parametrize(("category", "status"), [("PUB-03", "submitted"), (None, "triage")])
def test_a_no_goes_its_ordinary_way(
    town: Town, catalog: Catalog, category: str | None, status: str
) -> None:
    request = submit(town, catalog, "着火了吗我不知道，锅炉房有人昏迷？", category=category)
    assert request.status == "draft"
    assert answer(town, catalog, request, danger_now=False) in (status, "submitted")
    assert town.request(request.id).emergency["danger_now"] is False
    assert town.request(request.id).resolve_due is not None


def test_a_no_sent_along_asks_no_more(town: Town, catalog: Catalog) -> None:
    request = submit(town, catalog, FIRE, category="PUB-03", emergency_confirmed=False)
    assert request.status == "submitted"


def test_silence_is_danger_that_is_not_confirmed_after_two_minutes(
    town: Town, catalog: Catalog
) -> None:
    request = submit(town, catalog, FIRE)
    town.later(minutes=1, seconds=45)
    assert town.status(request.id) == "draft"
    town.later(seconds=20)
    found = town.request(request.id)
    assert (found.status, found.priority, found.waits_for) == (
        "submitted", "P1", "unconfirmed_danger",
    )  # fmt: skip
    town.later(minutes=10)
    assert [e.action for e in town.events(request.id)] == ["hold", "presume_danger"]


@pytest.mark.parametrize(
    ("field", "sent"),
    [("village", {"village": "000000"}), ("category", {"category": "PUB-99"})],
)
def test_what_is_not_in_the_catalog_is_refused(
    town: Town, catalog: Catalog, field: str, sent: dict[str, str]
) -> None:
    with pytest.raises(Invalid) as caught:
        submit(town, catalog, LAMP, **sent)
    assert list(caught.value.extra["errors"]) == [field]


def test_an_outdated_notice_is_refused_and_none_too(town: Town, catalog: Catalog) -> None:
    with pytest.raises(Invalid) as outdated:
        submit(town, catalog, LAMP, consent_version="2020-01")
    stranger = Actor(town.villager.person_id, consent=None)
    with pytest.raises(GuardFailed) as missing:
        submit(town, catalog, LAMP, stranger)
    assert (outdated.value.code, missing.value.code) == ("consent_outdated", "consent_needed")
    assert town.all(Request) == []


PENSION = "请问养老保险断交三年怎么补缴，社保局说要去外地开证明，退休工资怎么算"
TIP_OFF = "我要举报村支书把修路款私吞了，贪了好几万"


def act(town: Town, request: Request, action: str, **sent: Any) -> Request:
    return town.run(
        lambda s: apply(s, REQUEST, request.id, action, actor=town.villager, payload=sent)
    )


def test_what_is_no_village_matter_is_answered_and_asked_about_after_a_week(
    town: Town, catalog: Catalog
) -> None:
    request = submit(town, catalog, PENSION)
    assert (request.status, request.station) == ("not_ours", None)
    advice = request.advice[0]
    assert (advice["phone"], advice["may_keep"]) == ("12333", True)
    assert "12333" in advice["printable"]
    town.later(days=6, hours=23)
    assert [e.action for e in town.events(request.id)] == ["submit"]
    town.later(hours=2)
    assert [e.action for e in town.events(request.id)] == ["submit", "ask_helped"]
    assert act(town, request, "helped", helped="no").helped == "no"
    assert act(town, request, "keep").status == "triage"


def test_what_she_keeps_for_the_village_goes_to_the_chair_with_its_clocks(
    town: Town, catalog: Catalog
) -> None:
    request = submit(town, catalog, PENSION)
    assert town.due(request.id, "resolve") == []
    kept = act(town, request, "keep")
    assert (kept.status, kept.ended_at) == ("triage", None)
    assert town.due(request.id, "triage")
    assert town.due(request.id, "resolve")
    assert town.due(request.id, "ask_helped") == []


def test_an_answer_can_be_kept_for_thirty_days(town: Town, catalog: Catalog) -> None:
    request = submit(town, catalog, PENSION)
    town.later(days=31)
    with pytest.raises(GuardFailed) as late:
        act(town, request, "keep")
    assert late.value.code == "too_late_to_keep"


@pytest.mark.parametrize("category", [None, "PUB-08"])
def test_a_tip_off_is_shown_a_number_and_its_words_are_not_kept(
    town: Town, catalog: Catalog, category: str | None
) -> None:
    request = submit(town, catalog, TIP_OFF, category=category, place={"name": "支书家"})
    assert (request.status, request.advice[0]["phone"]) == ("not_ours", "12388")
    stored = town.request(request.id)
    assert (stored.place, "支书" in str(stored.text) + str(stored.routing["reasons"])) == (
        None, False,
    )  # fmt: skip
    assert town.due(request.id, "ask_helped") == []
    for action, sent in (("keep", {}), ("helped", {"helped": "no"})):
        with pytest.raises(GuardFailed) as caught:
            act(town, request, action, **sent)
        assert caught.value.code == "never_queued"


@pytest.mark.parametrize(
    "text",
    [LAMP, FIRE, PENSION, TIP_OFF, "麻烦你们看看", f"{PENSION}，还有垃圾没人清运"],
)
def test_what_is_predicted_is_what_becomes_of_it(town: Town, catalog: Catalog, text: str) -> None:
    request = submit(town, catalog, text)
    became = {"draft": "emergency", "not_ours": "none", "triage": None}
    assert predict(text).label == became.get(request.status, request.station)


def test_what_is_no_village_matter_is_seen_by_nobody_else(town: Town, catalog: Catalog) -> None:
    request = submit(town, catalog, PENSION)
    assert request_relations(town.chair, request) == frozenset()
    assert request_relations(town.villager, request) == {"requester"}
