"""The desk: actions that mean two steps."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from dispatch import desk
from tests.village.town import Town
from village.access import Actor
from village.catalog.cache import Catalog
from village.errors import StaleVersion, WrongState


def act(
    town: Town, catalog: Catalog, request_id: UUID, action: str, actor: Actor | None = None,
    if_match: int | None = None, **sent: Any,
) -> str:  # fmt: skip
    who = actor or town.head
    return str(
        town.run(
            lambda s: desk.act(s, who, catalog, request_id, action, sent, if_match=if_match).status
        )
    )


def test_not_solved_is_a_reopening_whatever_button_said_it(town: Town, catalog: Catalog) -> None:
    request_id = town.bring("resolved")
    said = act(town, catalog, request_id, "confirm", town.villager, solved="no", comment="还是黑")
    event = town.events(request_id)[-1]
    assert (said, event.action, event.data["reason"]) == ("in_progress", "reopen", "还是黑")


def test_not_solved_without_a_word_has_a_reason_too(town: Town, catalog: Catalog) -> None:
    request_id = town.bring("resolved")
    act(town, catalog, request_id, "confirm", town.villager, solved="no")
    assert town.events(request_id)[-1].data["reason"] == "没有解决"


@pytest.mark.parametrize("solved", ["yes", "partly"])
def test_solved_or_partly_closes(town: Town, catalog: Catalog, solved: str) -> None:
    request_id = town.bring("resolved")
    assert act(town, catalog, request_id, "confirm", town.villager, solved=solved) == "closed"


def test_an_errand_goes_out_with_its_acceptance(town: Town, catalog: Catalog) -> None:
    head = town.person("互助站长", ("head", "mutual_aid"))
    helper = town.volunteer("跑腿的", station="mutual_aid")
    request_id = town.submit(category="AID-09")
    assert act(town, catalog, request_id, "accept", head) == "dispatching"
    town.work()
    assert [offer.person_id for offer in town.offers(request_id)] == [helper.person_id]
    # Nobody else is at the station, so the head hears who would be asked next.
    steps = ["submit", "accept", "dispatch", "widen_village"]
    assert [e.action for e in town.events(request_id)] == steps


@pytest.mark.parametrize(
    ("category", "facts"),
    [
        ("PUB-03", {}),  # its card does not go out by itself
        ("AID-09", {"priority": "P1"}),  # urgent: the head looks first
        ("AID-09", {"waits_for": "referral"}),  # another body's step comes first
        (None, {"station": "public_works"}),
    ],
)
def test_what_a_person_must_look_at_waits_for_the_head(
    town: Town, catalog: Catalog, category: str | None, facts: dict[str, Any]
) -> None:
    request_id = town.submit(category=category, **facts)
    head = town.person("互助站长", ("head", "mutual_aid")) if category == "AID-09" else town.head
    assert act(town, catalog, request_id, "accept", head) == "accepted"


def test_going_ahead_with_somebody_already_there_is_work_in_progress(
    town: Town, catalog: Catalog
) -> None:
    request_id = town.bring("dispatching")
    town.check_in(town.take_place(request_id, town.helpers[0]), town.helpers[0])
    town.system(request_id, "run_short")
    act(town, catalog, request_id, "go_ahead")
    assert town.status(request_id) == "in_progress"
    town.complete(town.task(request_id).id, town.helpers[0])
    assert town.status(request_id) == "checking"


def test_going_ahead_when_all_is_done_already_is_for_the_head_to_check(
    town: Town, catalog: Catalog
) -> None:
    request_id = town.bring("dispatching")
    task_id = town.take_place(request_id, town.helpers[0])
    town.check_in(task_id, town.helpers[0])
    town.complete(task_id, town.helpers[0])
    town.system(request_id, "run_short")
    act(town, catalog, request_id, "go_ahead")
    request = town.request(request_id)
    assert (request.status, request.result) == ("checking", "换了灯泡")


def test_a_stale_version_and_a_wrong_state_are_refused(town: Town, catalog: Catalog) -> None:
    request_id = town.bring("accepted")
    with pytest.raises(StaleVersion):
        act(town, catalog, request_id, "handle", if_match=1)
    with pytest.raises(WrongState):
        act(town, catalog, request_id, "resolve")
