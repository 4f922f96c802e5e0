"""Each promise of dispatch is seen to be broken where it is, and only there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from dispatch import invariants
from tests.dispatch.test_candidates import told
from tests.village.town import VILLAGE, Town
from village import availability, clock, offers, wishes
from village.access import Actor
from village.errors import LostRace
from village.models import (
    Certificate,
    ConflictDeclaration,
    DispatchSettings,
    Offer,
    Place,
    RequestExclusion,
    RequestParty,
    Task,
    Volunteer,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONG_AGO = date(2020, 1, 1)
BY_HAND = offers.Grounds(source="hand")  # nobody drew her


@pytest.fixture
def town(shared_town: Town) -> Town:
    """What others have planted is a week old; it is ten in the morning."""
    ten = (clock.now() + 8 * DAY).astimezone(clock.SHANGHAI).replace(hour=10)
    clock.step(ten - clock.now())
    shared_town.run(lambda s: s.execute(sa.delete(DispatchSettings)))
    return shared_town


@pytest.fixture
def who(town: Town) -> Actor:
    return town.volunteer("某人", max_open_tasks=9)


def found(town: Town) -> dict[str, list[str]]:
    rows: dict[str, list[str]] = town.run(invariants.broken)
    return rows


def ask(town: Town, request_id: UUID, who: Actor, **facts: Any) -> UUID:
    """Ask her as a round does, with her row as it is now the last thing that is written."""

    def step(session: Session) -> UUID:
        task = session.scalars(sa.select(Task).where(Task.request_id == request_id)).one()
        mine = sa.update(Volunteer).where(Volunteer.person_id == who.person_id)
        session.execute(mine.values(last_asked_at=clock.now(), **facts))
        until = clock.now() + 2 * HOUR
        assert who.person_id is not None
        asked = (session, task, who.person_id)
        return offers.invite(*asked, wave=1, expires_at=until, grounds=BY_HAND).id

    offer_id: UUID = town.run(step)
    return offer_id


def searching(town: Town, priority: str = "P3", **task: Any) -> UUID:
    """A search that nobody has looked at yet."""
    request_id = town.submit(priority=priority)
    town.act(request_id, "accept")
    town.act(request_id, "dispatch", task={"people_needed": 2, **task})
    return request_id


def many(town: Town, who: Actor, count: int, every: timedelta = timedelta()) -> None:
    """Ask her again and again, in danger: at any hour."""
    for _ in range(count):
        ask(town, searching(town, "P1"), who)
        clock.step(every)


def allow(town: Town, since: timedelta = HOUR, **values: Any) -> None:
    """The village's own settings, as they are for so long."""
    town.add(DispatchSettings(village_code=VILLAGE, set_at=clock.now() - since, **values))


def at_night(town: Town, who: Actor, priority: str = "P3") -> None:
    request_id = searching(town, priority)
    clock.step(12 * HOUR)
    ask(town, request_id, who)


def change(town: Town, model: Any, where: Any, **values: Any) -> None:
    town.run(lambda s: s.execute(sa.update(model).where(where).values(values)))


# ---------------------------------------------------------------- askings

Plant = Callable[[Town, Actor], object]


def after_other_messages(town: Town, who: Actor) -> None:
    told(town, who, 4, "sent", "N08", clock.now())
    ask(town, searching(town), who)


def where_one_is_enough(town: Town, who: Actor) -> None:
    allow(town, day_cap=1)
    many(town, who, 2)


def quiet(since: int, until: int) -> Plant:
    hours = {"quiet_from": since, "quiet_to": until}
    return lambda town, who: ask(town, searching(town), who, **hours)


def resting(town: Town, who: Actor) -> None:
    ask(town, searching(town), who, rest_until=clock.now() + HOUR)


def unskilled(town: Town, who: Actor) -> None:
    ask(town, searching(town, skills=["电工证"]), who, skills=["烹饪"])


def lapsed(town: Town, who: Actor) -> None:
    clock.step(timedelta(minutes=1))  # her paper was entered before
    change(town, Certificate, Certificate.person_id == who.person_id, valid_until=LONG_AGO)
    ask(town, searching(town, skills=["电工证"]), who)


def uninsured(until: date | None) -> Plant:
    return lambda town, who: ask(town, searching(town, risk=2), who, insured_until=until)


def too_late(town: Town, who: Actor) -> None:
    request_id = searching(town, ends_at=clock.now() + HOUR)
    clock.step(HOUR)
    ask(town, request_id, who)


def without_a_draw(town: Town, who: Actor) -> None:
    change(town, Offer, Offer.id == ask(town, searching(town), who), source="policy")


def tied(town: Town, who: Actor) -> None:
    """To a party who was named before, which the trigger would have refused."""
    request_id = searching(town)
    ask(town, request_id, who)
    facts = {"request_id": request_id, "person_id": who.person_id}
    town.add(RequestParty(**facts, at=clock.now() - HOUR))


def held(town: Town, who: Actor) -> UUID:
    """A look at what its head holds asks another station."""
    request_id = searching(town)

    def step(session: Session) -> None:
        task = session.scalars(sa.select(Task).where(Task.request_id == request_id)).one()
        task.hold, task.held_from = True, 1
        assert who.person_id is not None
        grounds = offers.Grounds(source="policy", propensity=1.0, circle=1)
        until = clock.now() + HOUR
        offers.invite(session, task, who.person_id, wave=1, expires_at=until, grounds=grounds)

    town.run(step)
    return request_id


def held_later(town: Town, who: Actor) -> None:
    """Or let go and held again: how it stood when she was asked is not known any more."""
    request_id = held(town, who)
    change(town, Task, Task.request_id == request_id, held_from=1)


ASKINGS: list[tuple[str, Plant]] = [
    ("asked_beyond_the_day_cap", lambda town, who: many(town, who, 5)),
    ("asked_beyond_the_day_cap", after_other_messages),
    ("asked_beyond_the_day_cap", where_one_is_enough),
    ("asked_beyond_the_week_cap", lambda town, who: many(town, who, 15, 8 * HOUR)),
    ("asked_in_her_quiet_hours", quiet(540, 660)),
    ("asked_in_her_quiet_hours", quiet(1320, 660)),
    ("asked_while_she_rests", resting),
    ("asked_out_of_hours", at_night),
    ("asked_without_the_skill", unskilled),
    ("asked_without_the_skill", lapsed),
    ("asked_without_insurance", uninsured(LONG_AGO)),
    ("asked_without_insurance", uninsured(None)),
    ("asked_though_tied_to_a_party", tied),
    ("asked_when_its_time_was_over", too_late),
    ("asked_beyond_the_heads_word", held),
    ("asked_without_a_reason", without_a_draw),
]


@pytest.mark.parametrize(("name", "plant"), ASKINGS)
def test_an_asking_that_breaks_a_rule_is_found(
    town: Town, who: Actor, name: str, plant: Plant
) -> None:
    ask(town, searching(town), town.helpers[1])
    before = found(town)
    plant(town, who)
    assert news(before, found(town)) == {name}


def news(before: dict[str, list[str]], now: dict[str, list[str]]) -> set[str]:
    return {name for name, rows in now.items() if set(rows) - set(before.get(name, ()))}


def she_wants_peace_later(town: Town, who: Actor) -> None:
    ask(town, searching(town), who)
    hours, rest = {"quiet_hours": (540, 660)}, {"rest_until": clock.now() + DAY}
    town.run(lambda s: availability.put(s, who, hours, if_match=None))
    town.run(lambda s: wishes.put(s, who, rest, if_match=None))


def fewer_are_allowed_later(town: Town, who: Actor) -> None:
    many(town, who, 3)
    allow(town, timedelta(), day_cap=1)


def where_people_are_asked_late(town: Town, who: Actor) -> None:
    allow(town, asks_to=1380)
    at_night(town, who)


def her_kin_is_named_later(town: Town, who: Actor) -> None:
    request_id = searching(town)
    ask(town, request_id, who)
    clock.step(timedelta(minutes=1))
    town.add(RequestParty(request_id=request_id, person_id=who.person_id, at=clock.now()))


FAIR: dict[str, Plant] = {
    "four a day": lambda town, who: many(town, who, 4),
    "again a day later": lambda town, who: many(town, who, 6, 6 * HOUR),
    "at night in danger": lambda town, who: at_night(town, who, "P1"),
    "peace later": she_wants_peace_later,
    "less allowed later": fewer_are_allowed_later,
    "held later": held_later,
    "a party named later": her_kin_is_named_later,
    "a village that asks late": where_people_are_asked_late,
}


@pytest.mark.parametrize("case", FAIR)
def test_what_was_fair_when_it_was_done_is_left_alone(town: Town, who: Actor, case: str) -> None:
    before = found(town)
    FAIR[case](town, who)
    assert news(before, found(town)) == set()


# ---------------------------------------------------------------- places, and who is too close


def dangerous(town: Town, who: Actor) -> UUID:
    """A dangerous task that needs a skill, where she holds a place; return the task."""
    request_id = searching(town, skills=["电工证"], risk=2)
    town.accept(ask(town, request_id, who), who)
    return town.task(request_id).id


def without(**facts: Any) -> Plant:
    def plant(town: Town, who: Actor) -> None:
        dangerous(town, who)
        change(town, Volunteer, Volunteer.person_id == who.person_id, **facts)

    return plant


def two_at_once(town: Town, who: Actor) -> None:
    """What the table refuses, if it did not."""
    town.run(lambda s: s.execute(sa.text("alter table places drop constraint ex_places_overlap")))
    for _ in range(2):
        dangerous(town, who)
    busy = Range(clock.now(), clock.now() + 2 * HOUR)
    change(town, Place, Place.person_id == who.person_id, busy=busy)


def yes_too_late(town: Town, who: Actor) -> None:
    task_id = dangerous(town, who)
    change(town, Place, Place.task_id == task_id, taken_at=clock.now() + 99 * DAY)


def excluded(town: Town, who: Actor) -> None:
    """A party's word that was there before the asking, which the trigger would have refused."""
    request_id = searching(town)
    ask(town, request_id, who)
    word = {"request_id": request_id, "person_id": who.person_id, "kind": "word"}
    town.add(RequestExclusion(**word, at=clock.now() - HOUR))


def of_her_kin(town: Town, who: Actor) -> None:
    ask(town, searching(town), who)
    two = {"person_id": who.person_id, "other_id": town.villager.person_id, "kind": "kin"}
    town.add(ConflictDeclaration(**two, declared_at=clock.now() - HOUR))


PLACES: list[tuple[str, Plant]] = [
    ("place_without_the_skill", without(skills=[])),
    ("place_without_insurance", without(insured_until=LONG_AGO)),
    ("at_two_places_at_once", two_at_once),
    ("yes_when_its_time_was_over", yes_too_late),
    ("asked_though_too_close", excluded),
    ("asked_though_too_close", of_her_kin),
]


@pytest.mark.parametrize(("name", "plant"), PLACES)
def test_a_place_or_a_tie_that_breaks_a_rule_is_found(
    town: Town, who: Actor, name: str, plant: Plant
) -> None:
    dangerous(town, town.volunteer("别人"))
    before = found(town)
    plant(town, who)
    assert news(before, found(town)) == {name}


def test_a_yes_after_the_end_comes_too_late_though_nobody_has_looked_yet(
    town: Town, who: Actor
) -> None:
    before = found(town)
    offer_id = ask(town, searching(town, ends_at=clock.now() + HOUR), who)
    clock.step(HOUR)
    with pytest.raises(LostRace) as refused:
        town.accept(offer_id, who)
    assert refused.value.code == "ended"
    assert news(before, found(town)) == set()
