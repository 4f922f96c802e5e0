"""The other side of a matter: nobody tied to it is asked, comes, or decides; few read who it is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from dispatch import invariants
from tests.village.town import Town
from village import erasure, exclusions, forgetting, parties, request_lists, requests
from village.access import CONTENT, Actor
from village.errors import Forbidden, Invalid, NotFound, Recused, WrongState
from village.models import RequestExclusion, RequestParty
from village.paging import Window

ALL = Window(limit=100, cursor=None)
TIES = ("herself", "kin", "household", "by name", "kin by name", "by household")


@pytest.fixture
def other(town: Town) -> Actor:
    """The other side."""
    return town.person("对门的人", household="H7")


@pytest.fixture
def dispute(town: Town) -> UUID:
    """A dispute at the mediation station."""
    request_id = town.submit()
    town.set(request_id, station="mediation", sealed=True)
    return request_id


def tie(town: Town, helper: Actor, other: Actor, how: str) -> dict[str, Any]:
    """Tie her to the other side; return how that one is written down."""
    if how.startswith("kin"):
        town.kin(helper, other)
    elif "household" in how:
        town.set_household(helper, "H7")
    if how == "herself":
        return {"person": helper.person_id}
    if "name" in how:
        return {"name": helper.name if how == "by name" else other.name}
    return {"household": "H7"} if how == "by household" else {"person": other.person_id}


def put(town: Town, request_id: UUID, *sent: Any, by: Actor | None = None) -> list[Any]:
    found = town.run(lambda s: parties.replace(s, by or town.head, request_id, list(sent)))
    town.work()
    return list(found)


def read(town: Town, request_id: UUID, by: Actor) -> list[Any]:
    return list(town.run(lambda s: parties.read(s, by, request_id)))


def asked(town: Town, request_id: UUID, status: str | None = None) -> set[UUID]:
    return {offer.person_id for offer in town.offers(request_id, status)}


# ---------------------------------------------------------------- who is not asked, may not come


@pytest.mark.parametrize("how", TIES)
def test_who_is_tied_to_the_other_side_is_never_asked(town: Town, other: Actor, how: str) -> None:
    helper = town.helpers[0]
    request_id = town.submit()
    assert put(town, request_id, tie(town, helper, other, how))[0].known
    town.act(request_id, "accept")
    town.act(request_id, "dispatch", task={"people_needed": 3})
    for _ in range(3):
        town.later(hours=3)
    assert asked(town, request_id)
    assert helper.person_id not in asked(town, request_id)
    with pytest.raises(IntegrityError, match="too close"):
        town.invite(request_id, helper)
    assert town.run(invariants.broken) == {}


@pytest.mark.parametrize("how", TIES)
def test_her_yes_is_refused_and_the_place_too(town: Town, other: Actor, how: str) -> None:
    """Even where it was written behind the back of what takes invitations back."""
    helper, request_id = town.helpers[0], town.bring("dispatching", people=1)
    offer_id = town.invite(request_id, helper)
    sent = tie(town, helper, other, how)
    sent["person_id"] = sent.pop("person", None)
    town.add(RequestParty(request_id=request_id, at=town.request(request_id).created_at, **sent))
    with pytest.raises(Recused):
        town.accept(offer_id, helper)
    task = town.task(request_id)
    take = sa.text("""update places set status = 'taken', person_id = :who where task_id = :task""")
    with pytest.raises(IntegrityError, match="too close"):
        town.run(lambda s: s.execute(take, {"who": helper.person_id, "task": task.id}))


def test_what_she_holds_is_taken_back_and_the_next_is_asked(town: Town, other: Actor) -> None:
    request_id = town.bring("assigned", people=1)
    town.kin(town.helpers[0], other)
    put(town, request_id, {"person": other.person_id})
    assert town.status(request_id) == "dispatching"
    assert [place.person_id for place in town.places(request_id)] == [None]
    assert asked(town, request_id, "offered")
    assert town.helpers[0].person_id not in asked(town, request_id, "offered")


def test_who_is_no_party_any_more_is_asked_again(town: Town, other: Actor) -> None:
    town.kin(town.helpers[0], other)
    request_id = town.submit()
    put(town, request_id, {"person": other.person_id})
    put(town, request_id)
    town.act(request_id, "accept")
    town.act(request_id, "dispatch", task={"people_needed": 3})
    for _ in range(3):
        town.later(hours=3)
    assert town.helpers[0].person_id in asked(town, request_id)


def test_a_name_that_nobody_bears_leaves_nobody_out_and_says_so(town: Town) -> None:
    request_id = town.submit()
    (found,) = put(town, request_id, {"name": "外村的人"})
    assert (found.name, found.known) == ("外村的人", False)


# ---------------------------------------------------------------- who decides


def test_a_head_who_is_tied_to_the_other_side_decides_nothing(town: Town, other: Actor) -> None:
    town.kin(town.head, other)
    request_id = town.submit()
    put(town, request_id, {"person": other.person_id}, by=town.deputy)
    with pytest.raises(Recused):
        town.act(request_id, "accept")
    with pytest.raises(Recused):
        read(town, request_id, town.head)
    assert town.run(lambda s: requests.read(s, town.head, request_id)).allowed_actions == []
    listed = town.run(lambda s: request_lists.list_station(s, town.head, ALL, {}))
    assert [seen.allowed_actions for seen in listed.items] == [[]]
    assert town.act(request_id, "accept", town.deputy) == "accepted"


def test_where_the_chair_is_tied_to_the_other_side_the_clerk_stands_in(town: Town) -> None:
    request_id = town.bring("triage")
    other_chair = town.person("另一位会长", ("chair", None))
    put(town, request_id, {"person": town.nephew.person_id}, by=other_chair)
    route = {"station": "public_works", "reason": "归公益"}
    with pytest.raises(Recused):
        town.act(request_id, "route", town.chair, **route)
    put(town, request_id, {"name": town.nephew.name}, {"name": other_chair.name}, by=other_chair)
    assert town.act(request_id, "route", town.clerk, **route) == "submitted"


def test_a_mediator_who_is_tied_to_the_other_side_does_not_read_the_dispute(
    town: Town, dispute: UUID, other: Actor
) -> None:
    one, two = (town.person(name, ("mediator", "mediation")) for name in ("调解员丙", "调解员丁"))
    town.kin(one, other)
    assert CONTENT in town.run(lambda s: requests.read(s, one, dispute)).seen
    put(town, dispute, {"person": other.person_id}, by=two)
    with pytest.raises(NotFound):
        town.run(lambda s: requests.read(s, one, dispute))
    (seen,) = town.run(lambda s: request_lists.list_station(s, one, ALL, {})).items
    assert CONTENT not in seen.seen
    assert CONTENT in town.run(lambda s: requests.read(s, two, dispute)).seen


# ---------------------------------------------------------------- who reads and writes them


def test_of_a_dispute_head_and_chair_see_and_replace_what_they_have_entered(
    town: Town, dispute: UUID
) -> None:
    mediator = town.person("调解员丙", ("mediator", None))
    put(town, dispute, {"name": "李四"}, by=town.chair)
    both = put(town, dispute, {"name": "李四"}, {"name": "王五"}, by=mediator)
    assert [one.name for one in both] == ["李四", "王五"]
    assert read(town, dispute, town.chair) == []  # hers was replaced by who reads all
    put(town, dispute, {"name": "赵六"}, by=town.chair)
    put(town, dispute, {"name": "钱七"}, by=town.chair)
    assert [one.name for one in read(town, dispute, town.chair)] == ["钱七"]
    assert [one.name for one in read(town, dispute, mediator)] == ["李四", "王五", "钱七"]


def test_a_mediator_writes_down_the_word_of_the_other_side(town: Town, dispute: UUID) -> None:
    """A party wishes for another mediator, and no reason is asked (rules 2.2)."""
    mediator, who = town.person("调解员丙", ("mediator", None)), town.helpers[0]
    town.run(lambda s: exclusions.exclude(s, mediator, dispute, who.person_id, "word"))
    (row,) = town.run(lambda s: s.query(RequestExclusion).all())
    assert (row.kind, row.added_by) == ("word", mediator.person_id)


REFUSED: list[tuple[type[Exception], Any]] = [
    (Forbidden, lambda town, one: put(town, one, by=town.villager)),
    (NotFound, lambda town, one: put(town, one, by=town.nephew)),
    (NotFound, lambda town, _: put(town, UUID(int=7))),
    (Invalid, lambda town, one: put(town, one, {"name": "王五"}, {"person": UUID(int=7)})),
]


@pytest.mark.parametrize(("error", "say"), REFUSED)
def test_what_may_not_be_said_is_refused(town: Town, error: type[Exception], say: Any) -> None:
    request_id = town.submit()
    put(town, request_id, {"name": "李四"})
    with pytest.raises(error):
        say(town, request_id)
    assert [one.name for one in read(town, request_id, town.head)] == ["李四"]


# ---------------------------------------------------------------- how long they are kept


def test_nothing_is_written_to_what_has_ended_and_it_is_forgotten_with_its_words(
    town: Town,
) -> None:
    request_id = town.bring("accepted")
    put(town, request_id, {"name": "李四"})
    town.act(request_id, "withdraw", town.villager)
    with pytest.raises(WrongState):
        put(town, request_id)
    town.run(lambda s: forgetting.forget(s, [request_id]))
    assert town.all(RequestParty) == []


def test_who_erases_herself_is_named_as_a_party_no_more(town: Town, other: Actor) -> None:
    request_id = town.submit()
    put(town, request_id, {"person": other.person_id}, {"name": "李四"})
    town.run(lambda s: erasure.erase(s, other, anyway=False))
    assert [party.name for party in town.all(RequestParty)] == ["李四"]
