"""The reserve on the real database: first asked, and by the rules of all others."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from dispatch import rounds, situation
from tests.village.town import VILLAGE, Town
from village import circles, clock, reserve
from village.access import Actor
from village.models import Offer, Task, Volunteer


@pytest.fixture
def filled(town: Town) -> UUID:
    """A task of one place that the first helper has; the second would step in."""
    request_id = town.bring("dispatching", people=1)
    second = town.invite(request_id, town.helpers[1])
    town.take_place(request_id, town.helpers[0])
    town.work()
    town.run(lambda s: reserve.stand_by(s, town.helpers[1], second))
    clock.step(timedelta(days=8))  # nobody is tired of all this
    open_ended = sa.update(Task).values(ends_at=clock.now() + timedelta(days=3))
    town.run(lambda s: s.execute(open_ended))
    return request_id


def out(town: Town, request_id: UUID) -> list[UUID]:
    return [offer.person_id for offer in town.offers(request_id, "offered")]


def counts(town: Town, who: Actor) -> tuple[int, int, float]:
    """Return her messages of the day and of the week, and when she was last asked."""
    people = town.run(lambda s: situation.load_people(s, [VILLAGE], clock.now()))
    (place,) = people.places([who.person_id])
    asked_at = float(people.asked_at[place])
    return int(people.messages_today[place]), int(people.messages[place]), asked_at


def test_being_called_up_counts_as_a_message_and_makes_her_rest(town: Town, filled: UUID) -> None:
    helper = town.helpers[1]
    before = counts(town, helper)
    assert before[:2] == (0, 0)
    town.release(town.task(filled).id, town.helpers[0])
    town.work()
    assert out(town, filled) == [helper.person_id]
    assert counts(town, helper) == (1, 1, clock.now().timestamp())
    assert town.run(lambda s: s.get_one(Volunteer, helper.person_id)).last_asked_at == clock.now()
    clock.step(timedelta(hours=25))
    assert counts(town, helper)[:2] == (0, 1)


def reopened(town: Town, filled: UUID) -> None:
    """Let the place open again, and no round of its own be done."""
    town.release(town.task(filled).id, town.helpers[0])


def test_another_task_s_round_leaves_the_first_word_to_the_reserve(
    town: Town, filled: UUID
) -> None:
    """All that is due in the village is decided together, also by a round of another task."""
    town.volunteer("新来的")
    other = town.bring("dispatching", people=1, priority="P3")
    reopened(town, filled)
    town.run(lambda s: rounds.run_round(s, other))
    assert out(town, filled) == [town.helpers[1].person_id]
    assert out(town, other)


def test_the_others_are_looked_at_while_one_waits_for_its_reserve(town: Town, filled: UUID) -> None:
    other = town.bring("dispatching", people=1, priority="P3")
    reopened(town, filled)
    town.run(lambda s: rounds.run_round(s, filled))
    assert out(town, filled) == [town.helpers[1].person_id]
    assert len(out(town, other)) == 1


def test_the_reserve_of_the_next_village_is_not_called_where_the_head_holds_it(town: Town) -> None:
    town.neighbour("t-beishan")
    lends = {"village": "t-beishan", "next_village": True, "next_village_km": 4.0}
    neighbour = town.volunteer("邻村", **lends)
    request_id = town.bring("dispatching", people=1)
    second = town.invite(request_id, neighbour)
    town.take_place(request_id, town.helpers[0])
    town.work()
    town.run(lambda s: reserve.stand_by(s, neighbour, second))
    town.release(town.task(request_id).id, town.helpers[0])
    task_id = town.task(request_id).id
    town.run(lambda s: s.execute(sa.update(Task).values(status="open")))
    town.run(lambda s: circles.hold(s, town.head, task_id, held=True))
    town.work()
    assert town.all(Offer, Offer.id == second)[0].stands_by
