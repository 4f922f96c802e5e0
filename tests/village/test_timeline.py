"""The timeline as people read it."""

from __future__ import annotations

from typing import Any

import pytest

from village import timeline
from village.catalog import files
from village.models import Event
from village.models.requests import REQUEST_STATES
from village.workflow.offer import OFFER
from village.workflow.request import REQUEST

NAMES = {"public_works": "桥头公益事业服务站", timeline.PRESENT: "桥头卫生环境监督站"}


def event(action: str, target: str, machine: str = "request", **data: Any) -> Event:
    return Event(machine=machine, action=action, to_status=target, data=data)


def say(found: Event, *, requester: bool = True, with_words: bool = True) -> str | None:
    return timeline.sentence(
        found, station_names=NAMES, for_requester=requester, with_words=with_words
    )


@pytest.mark.parametrize("requester", [True, False])
def test_every_step_of_a_request_has_its_sentence(requester: bool) -> None:
    for row in REQUEST.rows:
        said = say(event(row.action, row.target), requester=requester)
        assert said is not None
        assert said.endswith("。")
        assert "{" not in said


def test_every_sentence_belongs_to_a_step() -> None:
    rows = {(row["action"], row["target"]) for row in files.read("timeline")}
    assert rows == {(row.action, row.target) for row in REQUEST.rows}


def test_what_a_step_keeps_for_the_villager_is_shown_to_her() -> None:
    silent = {
        ("accept", "priority"),
        ("route", "station"),
        ("route", "category"),
        ("send_back", "reason"),
        ("ask_chair", "proposed"),
        ("hide_me", "hide"),
    }
    for row in REQUEST.rows:
        for name in row.keeps:
            if (row.action, name) not in silent:
                said = say(event(row.action, row.target, **{name: "路口第三盏"}))
                assert "路口第三盏" in str(said), (row.action, name)


def test_offers_are_no_part_of_the_timeline() -> None:
    for row in OFFER.rows:
        assert say(event(row.action, row.target, "offer")) is None


def test_a_sentence_names_the_station_of_its_time() -> None:
    accepted = event("accept", "accepted", station="public_works")
    assert say(accepted) == "桥头公益事业服务站已受理。"
    assert say(event("accept", "accepted")) == "桥头卫生环境监督站已受理。"
    assert timeline.sentence(accepted, station_names={}, for_requester=True) == "服务站已受理。"


def test_reason_and_advice_are_told() -> None:
    rejected = event("reject", "rejected", reason="不归村里管。", advice="请找供电所")
    said = "桥头卫生环境监督站不予受理。原因：不归村里管。建议：请找供电所。"
    assert say(rejected) == said


def test_codes_are_told_in_words() -> None:
    said = say(event("confirm", "closed", solved="partly", rating=4), requester=False)
    assert said == "村民作了评价。结果：部分解决。评分：4。"


def test_without_words_only_the_step_is_told() -> None:
    answered = event("answer", "submitted", text="我家住在祠堂边")
    assert say(answered, requester=False, with_words=False) == "村民补充了说明。"


def test_an_event_that_is_no_step_is_an_error() -> None:
    with pytest.raises(KeyError):
        say(event("teleport", "closed"))


def test_every_state_has_a_word_of_five_characters_at_most() -> None:
    for state in REQUEST_STATES:
        assert 2 <= len(timeline.status_text(state)) <= 5
