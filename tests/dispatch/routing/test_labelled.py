"""Which requests are labels, and whose words may be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.engine import Engine

from dispatch.routing import labelled
from dispatch.routing.labelled import Labelled
from tests.dispatch.routing.village_words import moved, stayed
from tests.village.town import ELSEWHERE, VILLAGE, Town, stepped
from village import clock


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Town]:
    with stepped(tmp_path):
        town = Town(engine)
        town.build()
        yield town


def all_of(town: Town, **which: Any) -> list[Labelled]:
    found: list[Labelled] = town.run(lambda session: labelled.read(session, **which))
    return found


def only(town: Town) -> Labelled:
    (one,) = all_of(town)
    return one


def test_an_acceptance_says_that_it_is_right(town: Town) -> None:
    stayed(town, town.villager, "路灯坏了")
    found = only(town)
    assert (found.sent_to, found.label, found.moved) == ("public_works", "public_works", False)
    assert (found.text, found.person, found.by) == ("路灯坏了", town.villager.person_id, "rule")


def test_nobody_has_said_yet_what_lies_there_unread(town: Town) -> None:
    town.submit()
    assert (only(town).label, only(town).moved) == (None, False)


def test_the_last_transfer_says_where_it_belongs(town: Town) -> None:
    request_id = moved(town, town.villager, "垃圾没人收", "sanitation")
    sent = {"station": "culture", "category": "CUL-01", "reason": "会长定"}
    town.act(request_id, "route", town.chair, **sent)
    found = only(town)
    assert (found.label, found.category, found.moved) == ("culture", "CUL-01", True)


def test_a_decision_in_triage_is_a_label(town: Town) -> None:
    request_id = town.bring("triage")
    town.act(request_id, "route", town.chair, station="culture", reason="文体")
    found = only(town)
    assert (found.sent_to, found.label, found.moved) == ("triage", "culture", True)


@pytest.mark.parametrize(
    ("reason", "label"), [("not_village_matter", "none"), ("spam", None), ("duplicate", None)]
)
def test_only_a_refusal_as_no_village_matter_is_a_label(
    town: Town, reason: str, label: str | None
) -> None:
    town.act(town.submit(), "reject", reason=reason, advice="请打12345")
    assert only(town).label == label


@pytest.mark.parametrize(("helped", "label"), [("yes", "none"), ("no", None)])
def test_an_answer_that_helped_was_right(town: Town, helped: str, label: str | None) -> None:
    request_id = town.bring("not_ours")
    town.act(request_id, "helped", town.villager, helped=helped)
    found = only(town)
    assert (found.sent_to, found.label, found.moved) == ("none", label, False)


def test_what_was_kept_for_the_village_is_a_correction(town: Town) -> None:
    request_id = town.bring("not_ours")
    town.act(request_id, "keep", town.villager)
    town.act(request_id, "route", town.chair, station="culture", reason="文体")
    assert (only(town).sent_to, only(town).label) == ("none", "culture")


def hidden(town: Town, request_id: UUID) -> None:
    town.set(request_id, hide_me=True)


def sealed(town: Town, request_id: UUID) -> None:
    town.set(request_id, sealed=True)


def neutral(town: Town, request_id: UUID) -> None:
    town.set(request_id, neutral=True)


def withdrawn(town: Town, request_id: UUID) -> None:
    town.act(request_id, "withdraw", town.villager)


def forgotten(town: Town, request_id: UUID) -> None:
    town.set(request_id, advice=[{"kind": "crime", "may_keep": False}])


@pytest.mark.parametrize("close", [hidden, sealed, neutral, withdrawn, forgotten])
def test_what_is_confidential_is_counted_without_its_words(town: Town, close: Any) -> None:
    request_id = moved(town, town.villager, "垃圾没人收", "sanitation")
    assert only(town).words
    close(town, request_id)
    assert (only(town).words, only(town).label) == (False, "sanitation")


@pytest.mark.parametrize(
    "facts",
    [{"waits_for": "safe_path"}, {"emergency": {"kind": "dv"}}, {"emergency": {"kind": "suicide"}}],
)
def test_the_safe_path_is_not_even_counted(town: Town, facts: dict[str, Any]) -> None:
    town.set(moved(town, town.villager, "家里又打人"), **facts)
    assert all_of(town) == []


def test_a_draft_has_not_been_sent_anywhere(town: Town) -> None:
    town.hold(category=None, **ELSEWHERE)
    assert all_of(town) == []


def test_since_and_village_choose(town: Town) -> None:
    town.submit()
    evening = clock.step(timedelta(hours=8))
    town.submit()
    assert len(all_of(town, since=evening)) == 1
    assert len(all_of(town, village=VILLAGE)) == 2
    assert all_of(town, village="990101") == []


def test_names_are_whole_ones_and_given_ones(town: Town) -> None:
    town.person("欧阳春")
    found = town.run(labelled.names)
    assert {"欧阳春", "阳春"} <= found
    assert "" not in found
