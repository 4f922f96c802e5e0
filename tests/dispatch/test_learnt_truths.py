"""What is learnt of answers that come by another way than a yes in time, and what is shown."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from dispatch import answers, why
from dispatch.rebuild import rebuild
from dispatch.response import Asked, Response
from tests.village.town import Town
from village import clock, wishes
from village.access import Actor
from village.models import Offer, ResponseStat, Task


def asked(town: Town) -> tuple[UUID, Offer, Actor]:
    """One person has been asked for a task of one place."""
    request_id = town.bring("dispatching", people=1)
    town.work()
    (offer,) = town.offers(request_id, "offered")
    return request_id, offer, Actor(offer.person_id, volunteer=True)


def tally(town: Town, who: Actor) -> tuple[float, float]:
    """Her own yeses and tries of every kind."""
    own = ResponseStat.person_id == who.person_id
    (row,) = town.all(ResponseStat, own, ResponseStat.key == "all")
    return row.yes, row.tries


def stands_by(town: Town) -> tuple[Offer, Actor]:
    """She was asked, another was faster, and she would step in though she has said nothing else."""
    request_id, offer, late = asked(town)
    faster = next(one for one in town.helpers if one.person_id != late.person_id)
    town.take_place(request_id, faster)
    town.work()
    town.run(lambda s: answers.stand_by(s, late, offer.id))
    return town.offer(offer.id), late


def test_who_would_step_in_has_said_yes(town: Town) -> None:
    offer, late = stands_by(town)
    assert (offer.stands_by, offer.said_yes, offer.said_at) == (True, True, clock.now())
    assert tally(town, late) == (1, 1)
    town.run(lambda s: answers.stand_by(s, late, offer.id))
    assert tally(town, late) == (1, 1)
    assert town.run(rebuild).mended == 0


@pytest.mark.parametrize("heard", [0.2, 0.6, 1.0])
@pytest.mark.parametrize("answer", [True, False])
def test_however_likely_she_was_to_hear_silence_and_answer_are_one_try(
    heard: float, answer: bool
) -> None:
    model, offer = Response(), Asked("she", "lamp", 10, 0.5, heard)
    for said in (True, False, None, True):  # something is known of her
        model.learn(Asked("she", "lamp", 10, 0.5, 1.0), said, 0.0)
    before = model.own["she"]["all"].tries
    model.learn(offer, None, 0.0)
    model.learn(offer, answer, 0.0, after_silence=True)
    assert model.own["she"]["all"].tries - before == pytest.approx(1.0, abs=0.06)
    assert model.own["she"]["all"].yes == 2 + answer


@pytest.mark.parametrize("yes", [True, False])
def test_an_answer_after_a_silence_makes_one_try_of_both(town: Town, yes: bool) -> None:
    _, offer, who = asked(town)
    town.run(lambda s: s.execute(sa.update(Task).values(ends_at=clock.now() + timedelta(days=9))))
    while town.offer(offer.id).silent_at is None:
        town.later(hours=1)
    silence = tally(town, who)
    assert silence == (0, 1)  # she was rested: she has heard it
    (town.accept if yes else town.decline)(offer.id, who)
    found = tally(town, who)
    assert found == pytest.approx((float(yes), 1.0), abs=0.01)
    assert town.run(rebuild).mended == 0


def test_what_she_has_had_forgotten_is_not_taken_from_the_next_answer(town: Town) -> None:
    _, offer, who = asked(town)
    town.run(lambda s: s.execute(sa.update(Task).values(ends_at=clock.now() + timedelta(days=9))))
    while town.offer(offer.id).silent_at is None:
        town.later(hours=1)
    town.run(lambda s: wishes.forget(s, who))
    clock.step(timedelta(minutes=1))
    town.accept(offer.id, who)
    assert tally(town, who) == (1, 1)
    assert town.run(rebuild).mended == 0


def test_the_next_look_is_said_while_the_reserve_has_the_first_word(town: Town) -> None:
    offer, _ = stands_by(town)
    task = town.task(offer.request_id)
    (holder,) = [place.person_id for place in town.places(offer.request_id)]
    town.release(task.id, Actor(holder, volunteer=True))
    town.work()
    assert town.offer(offer.id).status == "offered"
    seen = town.run(lambda s: why.why(s, town.head, task.id))
    assert seen.next_look == clock.now() + timedelta(minutes=30)
    town.later(minutes=30)
    assert len(town.offers(offer.request_id, "offered")) == 2
