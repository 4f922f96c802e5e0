"""Next villages are asked where the own one is not enough, and the head hears of it first."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from dispatch.why import why
from tests.village.town import Town
from village import circles, clock
from village.access import Actor
from village.db import transaction
from village.errors import GuardFailed
from village.models import AvailabilityWindow, VillageAgreement, Volunteer
from village.workflow.request import REQUEST

NEXT = "t-beishan"


@pytest.fixture
def neighbours(town: Town) -> set[UUID | None]:
    """Three of the next village who would come."""
    town.neighbour(NEXT)
    lends = {"village": NEXT, "next_village": True, "next_village_km": 4.0}
    return {town.volunteer(f"邻村{n}", **lends).person_id for n in range(3)}


def sent_out(town: Town, priority: str = "P3") -> UUID:
    request_id = town.submit(priority=priority)
    town.act(request_id, "accept")
    town.act(request_id, "dispatch", task={"people_needed": 1})
    town.work()
    return request_id


def all_say_no(town: Town, request_id: UUID) -> None:
    """Whoever is asked says no at once, until nobody more is asked."""
    while offers := town.offers(request_id, "offered"):
        for offer in offers:
            town.decline(offer.id, Actor(offer.person_id, volunteer=True))
        town.work()


def asked(town: Town, request_id: UUID) -> set[UUID]:
    return {offer.person_id for offer in town.offers(request_id)}


def told(town: Town, request_id: UUID, action: str = "widen") -> int:
    return [event.action for event in town.events(request_id)].count(action)


@pytest.mark.parametrize(("priority", "minutes"), [("P2", 30), ("P3", 60)])
def test_the_head_hears_of_it_before_the_next_village_does(
    town: Town, neighbours: set[UUID | None], priority: str, minutes: int
) -> None:
    request_id = sent_out(town, priority)
    assert told(town, request_id) == 1
    assert town.task(request_id).widens_at == clock.now() + timedelta(minutes=minutes)
    all_say_no(town, request_id)
    town.later(minutes=minutes - 1)
    assert asked(town, request_id) == {helper.person_id for helper in town.helpers}
    assert town.status(request_id) == "dispatching"
    town.later(minutes=1)
    assert asked(town, request_id) & neighbours
    assert (told(town, request_id), town.task(request_id).circle) == (1, 2)


def test_the_head_may_hold_it_and_let_it_go(town: Town, neighbours: set[UUID | None]) -> None:
    request_id = sent_out(town, "P2")
    task_id = town.task(request_id).id
    town.run(lambda s: circles.hold(s, town.head, task_id, held=True))
    for _ in range(2):  # the third of the own station has not answered
        (offer,) = town.offers(request_id, "offered")
        town.decline(offer.id, Actor(offer.person_id, volunteer=True))
        town.work()
    for _ in range(9):
        town.later(minutes=12)
        assert not asked(town, request_id) & neighbours
    town.run(lambda s: circles.hold(s, town.head, task_id, held=False))
    town.work()
    assert asked(town, request_id) & neighbours


def test_what_is_urgent_waits_for_no_word(town: Town, neighbours: set[UUID | None]) -> None:
    request_id = sent_out(town, "P1")
    all_say_no(town, request_id)
    assert asked(town, request_id) & neighbours
    assert told(town, request_id) == 0


def test_the_head_may_ask_the_next_village_now(town: Town, neighbours: set[UUID | None]) -> None:
    request_id = sent_out(town)
    task_id = town.task(request_id).id
    town.run(lambda s: circles.widen(s, town.head, task_id, "neighbours"))
    all_say_no(town, request_id)
    assert asked(town, request_id) & neighbours


def test_a_yes_after_the_villages_have_parted_is_refused_kindly(
    town: Town, neighbours: set[UUID | None]
) -> None:
    request_id = sent_out(town)
    town.run(lambda s: circles.widen(s, town.head, town.task(request_id).id, "neighbours"))
    town.work()
    while not asked(town, request_id) & neighbours:
        for offer in town.offers(request_id, "offered"):
            town.decline(offer.id, Actor(offer.person_id, volunteer=True))
        town.work()
    theirs = next(one for one in town.offers(request_id, "offered") if one.person_id in neighbours)
    with transaction(town.engine) as session:
        session.execute(sa.update(VillageAgreement).values(until=clock.now()))
    with pytest.raises(GuardFailed, match="help each other") as refused:
        town.accept(theirs.id, Actor(theirs.person_id, volunteer=True))
    assert refused.value.code == "not_lent"


def test_without_an_agreement_the_head_is_told_that_there_is_nobody_to_ask(town: Town) -> None:
    request_id = sent_out(town)
    with pytest.raises(GuardFailed) as refused:
        town.run(lambda s: circles.widen(s, town.head, town.task(request_id).id, "neighbours"))
    assert refused.value.code == "no_agreement"
    assert town.task(request_id).widest != circles.CIRCLES["neighbours"]


def test_nobody_is_asked_beyond_her_own_way_or_without_an_agreement(town: Town) -> None:
    town.neighbour(NEXT, km=5.0)
    town.settle("t-nanshan")
    for village in (NEXT, "t-nanshan"):
        town.volunteer("远的", village=village, next_village=True, next_village_km=4.0)
    request_id = sent_out(town, "P1")
    all_say_no(town, request_id)
    assert asked(town, request_id) == {helper.person_id for helper in town.helpers}


def test_the_head_s_word_asks_who_is_free_now_though_the_own_ones_are_free_later(
    town: Town, neighbours: set[UUID | None]
) -> None:
    """Without it, eight who are free tomorrow would be enough, and nobody be asked today."""
    tomorrow = ((clock.now().weekday() + 1) % 7, 540, 1080)
    town.run(lambda s: s.execute(sa.delete(AvailabilityWindow)))
    for person_id in neighbours:
        for day in range(7):
            window = {"weekday": day, "from_minute": 0, "to_minute": 1440}
            town.add(AvailabilityWindow(person_id=person_id, **window))
    rest = sa.update(Volunteer).where(Volunteer.person_id.in_([h.person_id for h in town.helpers]))
    until = clock.now() + timedelta(hours=20)
    town.run(lambda s: s.execute(rest.values(rest_until=until)))
    for n in range(8):
        town.volunteer(f"明天有空{n}", windows=[tomorrow], rest_until=until)
    request_id = sent_out(town)
    assert asked(town, request_id) == set()
    task_id = town.task(request_id).id
    town.run(lambda s: circles.widen(s, town.head, task_id, "neighbours"))
    town.work()
    assert asked(town, request_id) & neighbours


def test_a_hold_stops_it_even_after_one_of_the_next_village_was_asked(
    town: Town, neighbours: set[UUID | None]
) -> None:
    request_id = sent_out(town, "P2")
    task_id = town.task(request_id).id
    town.run(lambda s: circles.widen(s, town.head, task_id, "neighbours"))
    while not asked(town, request_id) & neighbours:
        for offer in town.offers(request_id, "offered"):
            town.decline(offer.id, Actor(offer.person_id, volunteer=True))
        town.work()
        town.later(minutes=5)
    before = asked(town, request_id) & neighbours
    assert before != neighbours
    town.run(lambda s: circles.hold(s, town.head, task_id, held=True))
    all_say_no(town, request_id)
    for _ in range(9):
        town.later(minutes=12)
    assert asked(town, request_id) & neighbours == before


# ---------------------------------------------------------------- the village's other stations


@pytest.fixture
def elsewhere(town: Town) -> set[UUID | None]:
    """Three of another station of the village, who help there."""
    return {town.volunteer(f"别站{n}", station="culture").person_id for n in range(3)}


def shown(town: Town, request_id: UUID) -> tuple[str, str, str, str]:
    found = town.run(lambda s: why(s, town.head, town.task(request_id).id))
    assert found.village is not None
    assert found.neighbours is not None
    texts = found.village.text, found.neighbours.text
    return found.village.state, found.neighbours.state, *texts


@pytest.mark.parametrize(("priority", "minutes"), [("P2", 15), ("P3", 30)])
def test_the_head_sees_it_coming_that_other_stations_are_asked(
    town: Town, elsewhere: set[UUID | None], priority: str, minutes: int
) -> None:
    request_id = sent_out(town, priority)
    at = clock.now() + timedelta(minutes=minutes)
    assert town.task(request_id).village_at == at
    assert told(town, request_id, "widen_village") == 1
    village, _, text, there = shown(town, request_id)
    assert village == "coming"
    assert f"{at.astimezone(clock.SHANGHAI):%-H:%M}起会问村里别的站" in text
    assert "别的站" not in there
    all_say_no(town, request_id)
    town.later(minutes=minutes - 1)
    assert not asked(town, request_id) & elsewhere
    town.later(minutes=1)
    assert asked(town, request_id) & elsewhere
    assert (shown(town, request_id)[0], told(town, request_id, "widen_village")) == ("asked", 1)


def test_what_is_urgent_asks_other_stations_at_once(
    town: Town, elsewhere: set[UUID | None]
) -> None:
    request_id = sent_out(town, "P1")
    all_say_no(town, request_id)
    assert asked(town, request_id) & elsewhere
    assert told(town, request_id, "widen_village") == 0


@pytest.mark.parametrize("circle", [None, "village"])
def test_a_hold_stops_other_stations_and_the_next_village(
    town: Town, elsewhere: set[UUID | None], neighbours: set[UUID | None], circle: str | None
) -> None:
    request_id = sent_out(town, "P2")
    task_id = town.task(request_id).id
    town.run(lambda s: circles.hold(s, town.head, task_id, held=True, circle=circle))
    village, there, *texts = shown(town, request_id)
    assert (village, there) == ("held", "held")
    assert len(set(texts)) == 2
    for _ in range(9):
        town.later(minutes=12)
        assert not asked(town, request_id) & (elsewhere | neighbours)
    town.run(lambda s: circles.hold(s, town.head, task_id, held=False))
    town.work()
    all_say_no(town, request_id)
    assert asked(town, request_id) & (elsewhere | neighbours)


def test_the_next_village_alone_can_be_held(
    town: Town, elsewhere: set[UUID | None], neighbours: set[UUID | None]
) -> None:
    request_id = sent_out(town, "P2")
    task_id = town.task(request_id).id
    town.run(lambda s: circles.hold(s, town.head, task_id, held=True, circle="neighbours"))
    assert shown(town, request_id)[:2] == ("coming", "held")
    for _ in range(5):
        all_say_no(town, request_id)
        town.later(minutes=12)
    assert asked(town, request_id) & elsewhere
    assert not asked(town, request_id) & neighbours


def test_where_other_stations_were_asked_a_hold_stops_the_next_village(
    town: Town, elsewhere: set[UUID | None], neighbours: set[UUID | None]
) -> None:
    request_id = sent_out(town, "P2")
    task_id = town.task(request_id).id
    while not asked(town, request_id) & elsewhere:
        all_say_no(town, request_id)
        town.later(minutes=5)
    town.run(lambda s: circles.hold(s, town.head, task_id, held=True))
    assert shown(town, request_id)[:2] == ("asked", "held")
    for _ in range(9):
        all_say_no(town, request_id)
        town.later(minutes=12)
    assert not asked(town, request_id) & neighbours


def test_the_head_may_ask_other_stations_now(town: Town, elsewhere: set[UUID | None]) -> None:
    request_id = sent_out(town)
    task_id = town.task(request_id).id
    town.run(lambda s: circles.hold(s, town.head, task_id, held=True))
    town.run(lambda s: circles.widen(s, town.head, task_id, "village"))
    all_say_no(town, request_id)
    assert asked(town, request_id) & elsewhere


def test_the_head_is_called_before_the_next_village_is_asked() -> None:
    """A line in the inbox alone is not seen within the half hour that she has."""
    (row,) = [row for row in REQUEST.rows if row.action == "widen"]
    assert [(tell.audience, tell.template, tell.push) for tell in row.tell] == [
        ("head", "N13", True)
    ]
