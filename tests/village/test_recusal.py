"""What lies in triage is decided by somebody, even where the chair must keep out of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.village.town import TOWNSHIP, VILLAGE, Town
from village import access, clock, request_lists, requests
from village.access import Actor
from village.errors import Forbidden, NotFound, Recused, WrongState
from village.models import RoleGrant
from village.paging import Window
from village.relations import HEAD, STAND_IN
from village.workflow import recusal
from village.workflow.request import REQUEST

WORKS = {"station": "public_works", "reason": "归公益"}
ALL = Window(limit=100, cursor=None)


def relations(town: Town, actor: Actor, request_id: UUID) -> frozenset[str]:
    return town.run(lambda s: REQUEST.relations(s, actor, town.request(request_id)))


def told(town: Town, request_id: UUID) -> set[Any]:
    return set(town.run(lambda s: recusal.stand_ins(s, town.request(request_id))))


def triage(town: Town, actor: Actor) -> set[UUID]:
    page = town.run(lambda s: request_lists.triage(s, actor, VILLAGE, ALL))
    return {seen.request.id for seen in page.items}


def leave(town: Town, actor: Actor) -> None:
    """Her term ends."""
    ends = sa.update(RoleGrant).where(RoleGrant.person_id == actor.person_id)
    town.run(lambda session: session.execute(ends.values(valid_to=clock.now())))


@pytest.fixture
def officer(town: Town) -> Actor:
    return town.person("乡镇经办", ("township_officer", None), unit=TOWNSHIP)


def test_the_clerk_stands_in_for_a_chair_who_is_too_close(town: Town, officer: Actor) -> None:
    request_id = town.submit(town.nephew, category=None)
    with pytest.raises(Recused):
        town.act(request_id, "route", town.chair, **WORKS)
    assert relations(town, town.clerk, request_id) == {STAND_IN}
    assert told(town, request_id) == {town.clerk.person_id}
    assert (triage(town, town.clerk), triage(town, officer)) == ({request_id}, set())
    assert town.act(request_id, "route", town.clerk, **WORKS) == "submitted"
    assert town.events(request_id)[-1].actor_role == STAND_IN
    assert relations(town, town.clerk, request_id) == frozenset()


def test_the_chair_s_own_request_does_not_wait_for_ever(town: Town) -> None:
    request_id = town.submit(town.chair, category=None)
    assert town.act(request_id, "route", town.clerk, **WORKS) == "submitted"


def test_what_belongs_elsewhere_is_handed_over_by_who_stands_in(town: Town) -> None:
    request_id = town.submit(town.nephew, category=None)
    sent = {"receiver": "供电所", "basis": "consent"}
    assert town.act(request_id, "hand_over", town.clerk, **sent) == "handed_over"


def test_a_chair_who_may_decide_decides_herself(town: Town) -> None:
    request_id = town.bring("triage")
    assert told(town, request_id) == set()
    assert triage(town, town.clerk) == set()
    with pytest.raises(NotFound):
        town.act(request_id, "route", town.clerk, **WORKS)


def test_another_chair_who_is_not_too_close_is_enough(town: Town) -> None:
    request_id = town.submit(town.nephew, category=None)
    other = town.person("另一位会长", ("chair", None))
    assert relations(town, town.clerk, request_id) == frozenset()
    assert town.act(request_id, "route", other, **WORKS) == "submitted"


def test_without_a_chair_in_office_the_clerk_decides(town: Town) -> None:
    request_id = town.bring("triage")
    leave(town, town.chair)
    assert relations(town, town.clerk, request_id) == {STAND_IN}


@pytest.mark.parametrize("vacant", [False, True])
def test_the_township_stands_in_where_the_clerk_cannot(
    town: Town, officer: Actor, vacant: bool
) -> None:
    request_id = town.submit(town.nephew, category=None)
    if vacant:
        leave(town, town.clerk)
    else:
        town.kin(town.clerk, town.nephew)
        with pytest.raises(NotFound):
            town.act(request_id, "route", town.clerk, **WORKS)
    assert told(town, request_id) == {officer.person_id}
    assert triage(town, officer) == {request_id}
    assert town.act(request_id, "route", officer, **WORKS) == "submitted"


def test_who_stands_in_has_nothing_to_do_with_what_is_at_a_station(town: Town) -> None:
    request_id = town.submit(town.nephew)
    assert relations(town, town.clerk, request_id) == frozenset()


def test_a_clerk_of_another_committee_stands_in_for_nobody_here(town: Town) -> None:
    stranger = town.person("外村经办", ("clerk", None), unit="shiqiao")
    request_id = town.submit(town.nephew, category=None)
    assert relations(town, stranger, request_id) == frozenset()
    with pytest.raises(Forbidden):
        triage(town, stranger)


def test_a_dispute_stays_shut_to_who_stands_in(town: Town) -> None:
    request_id = town.submit(town.nephew, category=None)
    town.set(request_id, sealed=True)
    seen = access.request_view(town.request(request_id), frozenset({STAND_IN}))
    assert seen == {access.META}


def test_a_reopened_request_of_the_chair_s_family_goes_to_who_stands_in(town: Town) -> None:
    request_id = town.bring("resolved", actor=town.nephew)
    town.set(request_id, reopened=1)
    town.act(request_id, "reopen", town.nephew, reason="又坏了")
    assert told(town, request_id) == {town.clerk.person_id}


# ------------------------------------------------------------------ what a recused head is offered


def offered(town: Town, actor: Actor, request_id: UUID) -> list[str]:
    return town.run(lambda s: requests.read(s, actor, request_id)).allowed_actions


def test_who_must_keep_out_is_offered_nothing_that_she_would_be_refused(town: Town) -> None:
    request_id = town.submit()
    assert "accept" in offered(town, town.head, request_id)
    town.kin(town.head, town.villager)
    assert offered(town, town.head, request_id) == []
    assert "accept" in offered(town, town.deputy, request_id)
    listed = town.run(lambda s: request_lists.list_station(s, town.head, ALL, {}))
    assert [seen.allowed_actions for seen in listed.items] == [[]]
    with pytest.raises(WrongState) as caught:
        town.act(request_id, "resolve", town.head)
    assert caught.value.extra["allowed_actions"] == []


def test_a_head_is_offered_of_her_own_request_what_every_villager_is(town: Town) -> None:
    hers = offered(town, town.head, town.submit(town.head))
    assert hers == offered(town, town.villager, town.submit())
    assert "withdraw" in hers


def test_a_household_is_too_close_in_lists_as_well(town: Town) -> None:
    villager = town.person("妻子", household="H1")
    town.submit(villager)
    for actor, household in ((town.head, "H1"), (town.deputy, "H2")):
        town.set_household(actor, household)
    listed = {
        actor: town.run(lambda s, a=actor: request_lists.list_station(s, a, ALL, {})).items[0]
        for actor in (town.head, town.deputy)
    }
    assert HEAD in listed[town.head].relations
    assert [bool(seen.allowed_actions) for seen in listed.values()] == [False, True]
