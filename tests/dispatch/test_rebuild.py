"""Tallies that are added with each answer, and those that are made anew from the log."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from dispatch import hand, learning
from dispatch.rebuild import Rebuilt, rebuild
from tests.village.town import Town
from village import clock, wishes
from village.access import Actor
from village.db import transaction
from village.errors import WuzhanError
from village.models import Offer, ResponseReset, ResponseStat

Tallies = dict[tuple[Any, ...], tuple[float, float, float]]


def tallies(town: Town) -> Tallies:
    return {
        (row.person_id, row.village_code, row.key): (row.yes, row.tries, row.at.timestamp())
        for row in town.all(ResponseStat)
    }


def assert_same(found: Tallies, wanted: Tallies) -> None:
    assert found.keys() == wanted.keys()
    for key, figures in wanted.items():
        assert found[key] == pytest.approx(figures, rel=1e-6, abs=1e-6), key


def made_anew(town: Town) -> Tallies:
    """What the log alone tells."""
    with transaction(town.engine) as session:
        session.execute(sa.delete(ResponseStat))
    town.run(rebuild)
    return tallies(town)


class Life:
    """Random things that happen in a village; each at its own moment."""

    def __init__(self, town: Town, rng: random.Random) -> None:
        self.town, self.rng = town, rng
        clock.set_time(clock.now(), speed=1.0)  # no two things happen at the same moment
        self.crowd = [*town.helpers, *(town.volunteer(f"群众{n}") for n in range(4))]

    def go_on(self) -> None:
        happens = [self.ask, self.ask, self.answer, self.answer, self.answer, self.wait]
        happens += [self.forget, self.switch, self.end, self.recategorise]
        clock.step(timedelta(seconds=self.rng.randint(1, 5000)))
        self.rng.choice(happens)()
        self.town.work()

    def ask(self) -> None:
        priority = self.rng.choice(["P1", "P2", "P3"])
        people = self.rng.randint(1, 2)
        self.town.bring("dispatching", people=people, priority=priority)

    def answer(self) -> None:
        """In time, or long after."""
        answerable = self.town.all(Offer, Offer.status.in_(("offered", "expired")))
        if not answerable:
            return
        offer = self.rng.choice(answerable)
        who = Actor(offer.person_id, volunteer=True)
        say = self.rng.choice([self.town.accept, self.town.decline])
        try:
            say(offer.id, who)
        except WuzhanError:
            assert self.town.offer(offer.id).said_yes is None

    def wait(self) -> None:
        self.town.later(hours=self.rng.choice([1, 2, 14]))

    def forget(self) -> None:
        self.town.run(lambda session: wishes.forget(session, self.somebody()))

    def switch(self) -> None:
        who, personal = self.somebody(), self.rng.random() < 0.5
        sent = {"personal": personal}
        self.town.run(lambda session: wishes.put(session, who, sent, if_match=None))

    def end(self) -> None:
        looking = self.town.all(Offer, Offer.status == "offered")
        if looking:
            request_id = self.rng.choice(looking).request_id
            if self.town.status(request_id) == "dispatching":
                self.town.act(request_id, "recall")

    def recategorise(self) -> None:
        """A head corrects the category afterwards; what was asked was another kind."""
        known = self.town.all(Offer)
        if known:
            self.town.set(self.rng.choice(known).request_id, category="PUB-01")

    def somebody(self) -> Actor:
        return self.rng.choice(self.crowd)


@pytest.mark.parametrize("seed", range(4))
def test_tallies_made_anew_from_the_log_are_those_that_were_added_with_each_answer(
    seed: int, town: Town
) -> None:
    life = Life(town, random.Random(seed))
    for _ in range(40):
        life.go_on()
    added = tallies(town)
    assert town.all(Offer, Offer.said_yes.is_not(None))
    assert town.all(Offer, Offer.silent_at.is_not(None))
    assert town.all(ResponseReset)
    assert_same(made_anew(town), added)
    assert town.run(rebuild).mended == 0


@pytest.fixture
def answered(town: Town) -> Town:
    """A village in which two have answered, and others have not been asked."""
    for number in range(4):
        town.volunteer(f"群众{number}")
    for say in (town.accept, town.decline):
        request_id = town.bring("dispatching", people=1)
        town.work()
        (offer,) = town.offers(request_id, "offered")
        clock.step(timedelta(minutes=10))
        say(offer.id, Actor(offer.person_id, volunteer=True))
    town.work()
    return town


def test_what_is_wrong_is_put_right_what_nothing_tells_of_goes_and_the_rest_stays(
    answered: Town,
) -> None:
    right = tallies(answered)
    (wrong, *_), helper = answered.all(ResponseStat), answered.helpers[0]
    broken = sa.update(ResponseStat).where(ResponseStat.id == wrong.id).values(yes=99.0)
    answered.run(lambda session: session.execute(broken))
    answered.add(
        ResponseStat(person_id=helper.person_id, key="odd", yes=1, tries=1, at=clock.now())
    )
    assert answered.run(rebuild) == Rebuilt(2, len(right), 2)
    assert_same(tallies(answered), right)


def test_what_a_head_asks_by_hand_is_learnt_as_what_it_is(town: Town) -> None:
    request_id = town.bring("dispatching", people=2)
    town.work()
    asked = {offer.person_id for offer in town.offers(request_id)}
    helper = next(one for one in town.helpers if one.person_id not in asked)
    assert helper.person_id is not None
    task_id, who = town.task(request_id).id, helper.person_id
    town.run(lambda session: hand.invite(session, town.head, task_id, who))
    offer = next(one for one in town.offers(request_id) if one.person_id == who)
    town.decline(offer.id, helper)
    kinds = {key[2] for key in tallies(town) if key[2].startswith("kind:")}
    assert kinds == {"kind:PUB-03"}


def open_offer(town: Town) -> Offer:
    request_id = town.bring("dispatching", people=1)
    town.work()
    found: Offer = town.offers(request_id, "offered")[0]
    return found


def in_time(town: Town, work: Callable[[Session], Any]) -> threading.Thread:
    """Begin to do something in another transaction; it goes on until it has to wait."""
    thread = threading.Thread(target=lambda: town.run(work))
    thread.start()
    return thread


def until_somebody_waits(engine: Engine) -> None:
    waits = sa.text("select count(*) from pg_locks where locktype = 'advisory' and not granted")
    while True:
        with engine.connect() as link:
            if link.scalar(waits):
                return


def test_an_answer_that_comes_meanwhile_is_counted_once(answered: Town) -> None:
    offer = open_offer(answered)
    with transaction(answered.engine) as session:
        rebuild(session)
        late = in_time(answered, lambda other: learning.learn(other, offer.id, yes=True))
        until_somebody_waits(answered.engine)
    late.join()
    added = tallies(answered)
    assert_same(made_anew(answered), added)
    assert answered.offer(offer.id).said_yes


def test_it_waits_for_an_answer_that_is_being_counted(answered: Town) -> None:
    offer = open_offer(answered)
    clock.step(timedelta(hours=1))
    with transaction(answered.engine) as session:
        learning.learn(session, offer.id, yes=True)
        session.flush()
        clock.step(timedelta(hours=1))  # long ago when it is seen
        waiting = in_time(answered, rebuild)
        until_somebody_waits(answered.engine)
    waiting.join()
    added = tallies(answered)
    assert_same(made_anew(answered), added)


def test_who_has_herself_forgotten_meanwhile_stays_forgotten(answered: Town) -> None:
    who = next(row.person_id for row in answered.all(ResponseStat) if row.person_id)
    actor = Actor(who, volunteer=True)
    with transaction(answered.engine) as session:
        session.execute(sa.delete(ResponseStat))
        rebuild(session)
        reset = in_time(answered, lambda other: wishes.forget(other, actor))
        until_somebody_waits(answered.engine)
    reset.join()
    assert who not in {key[0] for key in tallies(answered)}
