"""Who must not help: said by herself, by a party's word, or by the head; and what comes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from dispatch import invariants
from tests.village.town import VILLAGE, Town
from village import clock, exclusions, wishes
from village.access import Actor
from village.errors import Forbidden, GuardFailed, Invalid, NotFound, Recused
from village.models import ConflictDeclaration, Event, RequestExclusion, RoleGrant
from village.nameable import who


def asked(town: Town, request_id: UUID, status: str | None = None) -> set[UUID]:
    return {offer.person_id for offer in town.offers(request_id, status)}


def exclude(town: Town, request_id: UUID, who: Actor, by: Actor, kind: str = "word") -> None:
    town.run(lambda s: exclusions.exclude(s, by, request_id, who.person_id, kind))
    town.work()


def who_is_asked(town: Town, request_id: UUID) -> Actor:
    (offer,) = town.offers(request_id, "offered")
    return next(helper for helper in town.helpers if helper.person_id == offer.person_id)


@pytest.fixture
def request_id(town: Town) -> UUID:
    found = town.bring("dispatching", people=1)
    town.work()
    return found


def test_whom_a_villager_does_not_want_is_asked_no_more_and_the_next_is_asked(
    town: Town, request_id: UUID
) -> None:
    first = who_is_asked(town, request_id)
    for _ in range(2):
        exclude(town, request_id, first, town.villager)
    assert asked(town, request_id, "withdrawn") == {first.person_id}
    assert who_is_asked(town, request_id) != first
    (row,) = town.run(lambda s: s.query(RequestExclusion).all())
    assert (row.kind, row.added_by) == ("word", town.villager.person_id)
    assert town.run(invariants.broken) == {}


def test_who_was_excluded_before_the_first_round_is_never_asked(town: Town) -> None:
    request_id = town.submit()
    for helper in town.helpers[:2]:
        exclude(town, request_id, helper, town.head, "contractor")
    town.act(request_id, "accept")
    town.act(request_id, "dispatch", task={"people_needed": 2})
    for _ in range(3):
        town.later(hours=3)
    assert asked(town, request_id) == {town.helpers[2].person_id}


def test_a_place_that_she_held_opens_again(town: Town) -> None:
    request_id = town.bring("assigned", people=1)
    exclude(town, request_id, town.helpers[0], town.head, "kin")
    assert town.status(request_id) == "dispatching"
    assert [place.person_id for place in town.places(request_id)] == [None]
    assert who_is_asked(town, request_id) != town.helpers[0]


def test_who_is_at_work_already_is_left_to_the_head(town: Town) -> None:
    request_id = town.bring("assigned", people=1)
    town.check_in(town.task(request_id).id, town.helpers[0])
    exclude(town, request_id, town.helpers[0], town.villager)
    assert [place.status for place in town.places(request_id)] == ["checked_in"]


def test_a_tie_that_she_declares_holds_for_all_of_the_villager_s_requests(
    town: Town, request_id: UUID
) -> None:
    first = who_is_asked(town, request_id)
    other = town.bring("dispatching", people=1)
    town.run(lambda s: s.execute(sa.text("delete from outbox")))
    held = town.take_place(other, first)
    (offer,) = town.offers(request_id, "offered")
    town.run(lambda s: exclusions.declare(s, first, offer.id, "kin"))
    town.work()
    for one in (request_id, other):
        assert first.person_id in asked(town, one, "withdrawn")
    assert town.task(other).id == held
    assert [place.person_id for place in town.places(other)] == [None]
    third = town.bring("dispatching", people=3)
    for _ in range(3):
        town.later(hours=3)
    assert first.person_id not in asked(town, third)
    (row,) = town.run(
        lambda s: s.query(ConflictDeclaration).filter_by(person_id=first.person_id).all()
    )
    assert (row.other_id, row.kind) == (town.villager.person_id, "kin")


def readmit(town: Town, request_id: UUID, who: Actor, by: Actor) -> None:
    town.run(lambda s: exclusions.readmit(s, by, request_id, who.person_id))
    town.work()


def taken_back(town: Town) -> list[tuple[UUID | None, str, str | None]]:
    return [
        (e.actor_id, e.actor_role, e.from_status) for e in town.all(Event, Event.machine == "tie")
    ]


def said(town: Town, request_id: UUID, by: Actor) -> list[UUID]:
    return [one.person for one in town.run(lambda s: exclusions.said(s, by, request_id))]


def test_who_said_it_takes_it_back_and_she_is_asked_again(town: Town) -> None:
    request_id, helper = town.submit(), town.helpers[0]
    exclude(town, request_id, helper, town.head, "kin")
    readmit(town, request_id, helper, town.villager)  # not hers, and not told
    assert said(town, request_id, town.villager) == []
    assert said(town, request_id, town.head) == [helper.person_id]
    assert taken_back(town) == []
    for _ in range(2):
        readmit(town, request_id, helper, town.head)
    assert said(town, request_id, town.head) == []
    assert taken_back(town) == [(town.head.person_id, "head", "kin")]
    town.act(request_id, "accept")
    town.act(request_id, "dispatch", task={"people_needed": 3})
    for _ in range(16):  # three may come, and in which order they are asked is the policy's
        town.later(hours=3)
        if helper.person_id in asked(town, request_id):
            break
    assert helper.person_id in asked(town, request_id)
    assert town.run(invariants.broken) == {}


def declared(town: Town, request_id: UUID) -> tuple[Actor, UUID]:
    """Who was asked has said that she is too close, with this offer."""
    first = who_is_asked(town, request_id)
    (offer,) = town.offers(request_id, "offered")
    town.run(lambda s: exclusions.declare(s, first, offer.id, "kin"))
    town.work()
    return first, offer.id


def test_her_own_tie_is_taken_back_and_the_villager_s_next_request_asks_her(
    town: Town, request_id: UUID
) -> None:
    first, offer_id = declared(town, request_id)
    assert [tie.offer for tie in town.run(lambda s: wishes.get(s, first)).ties] == [offer_id]
    for _ in range(2):
        town.run(lambda s: exclusions.undeclare(s, first, offer_id))
    assert town.run(lambda s: wishes.get(s, first)).ties == []
    assert taken_back(town) == [(first.person_id, "invited", "kin")]
    third = town.bring("dispatching", people=1)
    town.run(lambda s: s.execute(sa.text("delete from outbox")))
    assert town.invite(third, first)  # the database refuses who is too close


def test_what_an_office_knows_or_an_officer_has_said_is_not_hers_to_take_back(
    town: Town, request_id: UUID
) -> None:
    """Else she would decide on her kin's matter."""
    first, offer_id = declared(town, request_id)
    officer = replace(first, grants=town.head.grants)
    assert town.run(lambda s: wishes.get(s, officer)).ties == []
    with pytest.raises(GuardFailed, match="tie"):
        town.run(lambda s: exclusions.undeclare(s, officer, offer_id))
    town.run(lambda s: s.execute(sa.update(ConflictDeclaration).values(offer_id=None)))
    town.run(lambda s: exclusions.undeclare(s, first, offer_id))
    kept = sa.select(ConflictDeclaration.kind).filter_by(person_id=first.person_id)
    assert town.run(lambda s: s.scalars(kept).all()) == ["kin"]


def nobodys(town: Town, request_id: UUID) -> Any:
    exclude(town, request_id, town.villager, town.head)


REFUSED: list[tuple[type[Exception], Any]] = [
    (Forbidden, lambda town, one: exclude(town, one, town.helpers[0], town.villager, "kin")),
    (NotFound, lambda town, one: exclude(town, one, town.helpers[0], town.nephew)),
    (NotFound, lambda town, one: readmit(town, one, town.helpers[0], town.nephew)),
    (NotFound, lambda town, _: readmit(town, UUID(int=7), town.helpers[0], town.head)),
    (Invalid, nobodys),
]


@pytest.mark.parametrize(("error", "say"), REFUSED)
def test_what_may_not_be_said_is_refused(
    town: Town, request_id: UUID, error: type[Exception], say: Any
) -> None:
    before = asked(town, request_id, "offered")
    with pytest.raises(error):
        say(town, request_id)
    assert asked(town, request_id, "offered") == before


def test_a_chair_who_is_too_close_herself_takes_nobody_out(town: Town) -> None:
    request_id = town.submit(town.nephew)
    with pytest.raises(Recused):
        exclude(town, request_id, town.helpers[0], town.chair)


def test_another_s_offer_is_not_hers_to_speak_of(town: Town, request_id: UUID) -> None:
    (offer,) = town.offers(request_id, "offered")
    other = next(one for one in town.helpers if one.person_id != offer.person_id)
    with pytest.raises(NotFound):
        town.run(lambda s: exclusions.declare(s, other, offer.id, "kin"))


def nameable(town: Town, request_id: UUID, by: Actor) -> list[tuple[UUID, bool]]:
    found = town.run(lambda s: who(s, by, request_id))
    return [(one.person, one.at_station) for one in found]


def test_a_head_names_the_village_s_volunteers_her_station_s_first(town: Town) -> None:
    request_id = town.submit()
    singer = town.volunteer("甲歌手", station="culture")
    town.volunteer("走了的人", active=False)
    town.settle("elsewhere")
    town.volunteer("邻村的人", village="elsewhere")
    mine = [(helper.person_id, True) for helper in town.helpers]
    assert nameable(town, request_id, town.head) == [*mine, (singer.person_id, False)]


def test_a_villager_names_only_who_has_come_to_her(town: Town) -> None:
    request_id = town.submit()
    assert nameable(town, request_id, town.villager) == []
    before = town.bring("assigned", people=1)
    assert nameable(town, request_id, town.villager) == [(town.helpers[0].person_id, True)]
    assert nameable(town, before, town.villager) == [(town.helpers[0].person_id, True)]


def test_a_party_may_refuse_a_mediator_and_sees_no_other_volunteer(town: Town) -> None:
    request_id = town.submit(category="MED-01", sealed=True)
    mediator = town.volunteer("调解员", station="mediation")
    town.volunteer("帮忙的", station="mediation")
    since = {"valid_from": clock.now(), "station": "mediation"}
    town.add(RoleGrant(person_id=mediator.person_id, role="mediator", unit_code=VILLAGE, **since))
    assert nameable(town, request_id, town.villager) == [(mediator.person_id, True)]


def test_nobody_else_and_no_recused_officer_sees_a_name(town: Town) -> None:
    request_id = town.submit(town.nephew)
    with pytest.raises(NotFound):
        nameable(town, request_id, town.villager)
    with pytest.raises(Recused):
        nameable(town, request_id, town.chair)
