"""Few people, many tasks: no older task waits while a younger one is given to somebody for it."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch import jobs, rounds, situation, translate
from dispatch.candidates import circles, screen
from dispatch.people import People
from dispatch.work import Work
from tests.village.town import HANDLERS, STATION, VILLAGE, Town
from village import availability, clock, outbox, wishes
from village.access import Actor, Grant
from village.db import transaction
from village.errors import WuzhanError
from village.models import DispatchSettings, Offer, Request, Round, Task, Volunteer

STEPS, MOST_STEPS = 90, 600
RESTED = 0.6  # by the policy, of those who are not urgent

Waiting = tuple[Work, dict[UUID, int]]  # who may be asked now, and her circle


class Turns:
    """Watches every round: who waited before it, who was asked in it."""

    def __init__(self) -> None:
        self.asked = self.contended = 0
        self.unfair: list[tuple[UUID, UUID]] = []

    def round(self, session: Session, request_id: UUID) -> None:
        now = clock.now()
        waiting, known = self.waiting(session, now), set(session.scalars(sa.select(Offer.id)))
        rounds.run_round(session, request_id)
        session.flush()
        fresh = session.scalars(sa.select(Offer).where(Offer.id.not_in(known))).all()
        served = {offer.task_id for offer in fresh}
        self.asked += len(fresh)
        self.contended += bool(fresh) and len(waiting) > 1
        for offer in fresh:
            self.look(session, offer, [pair for pair in waiting if pair[0].task_id not in served])

    def job(self, context: Any, session: Session, request_id: UUID) -> None:
        self.round(session, request_id)

    def waiting(self, session: Session, now: datetime) -> list[Waiting]:
        """The tasks without an invitation out, and who may be asked for each at this moment."""
        mine = sa.select(Task.request_id).join(Request, Request.id == Task.request_id)
        live = sa.exists().where(
            Offer.task_id == Task.id, Offer.status == "offered", Offer.expires_at > now
        )
        mine = mine.where(Task.status == "open", Request.status == "dispatching", ~live)
        people = situation.load_people(session, [VILLAGE], now)
        works = situation.load_works(session, list(session.scalars(mine)), {})
        return [(work, _able(work, people, now)) for work in works]

    def look(self, session: Session, offer: Offer, waiting: list[Waiting]) -> None:
        given = session.get_one(Task, offer.task_id)
        priority = session.get_one(Request, offer.request_id).priority
        for work, able in waiting:
            still = session.get_one(Task, work.task_id).status == "open"
            equal = work.priority == priority and work.opened_at < given.created_at
            if still and equal and able.get(offer.person_id, 9) <= circle(session, work):
                self.unfair.append((work.task_id, offer.task_id))


def _able(work: Work, people: People, now: datetime) -> dict[UUID, int]:
    may, near = screen(people, work, now).now, circles(people, work)[0]
    return {
        people.id(place): int(near[place])
        for place in range(len(people))
        if may[place] and translate.volunteer(people, place, now).hears >= RESTED
    }


def circle(session: Session, work: Work) -> int:
    """How far its policy goes at this look; as far as may be where it was not looked at."""
    newest = sa.select(Round).where(Round.task_id == work.task_id).order_by(Round.n.desc())
    look = session.scalars(newest.limit(1)).first()
    looked_at = look is not None and look.n > work.looks
    return int(look.plan.get("circle", 2)) if look is not None and looked_at else 2


class Days:
    """What happens in the village, in an order that follows from the seed."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town, self.chance = town, Random(seed)
        self.singers = town.person("文体站长", ("head", "culture"))
        self.people = [*town.helpers, town.volunteer("歌手", station="culture")]

    def send_out(self) -> None:
        if len(self.town.all(Task, Task.status == "open")) < 8:
            category, head = self.chance.choice([(None, self.singers), ("PUB-03", self.town.head)])
            facts: dict[str, Any] = {} if category else {"station": "culture"}
            priority = self.chance.choice(("P2", "P3", "P3"))
            request_id = self.town.submit(category=category, priority=priority, **facts)
            self.town.act(request_id, "accept", head)
            task = {"people_needed": self.chance.choice((1, 1, 2)), "skills": []}
            self.town.act(request_id, "dispatch", head, task=task)

    def answer(self) -> None:
        if offers := self.town.all(Offer, Offer.status == "offered"):
            offer = self.chance.choice(offers)
            say = self.chance.choice((self.town.accept, self.town.decline, self.town.decline))
            say(offer.id, Actor(offer.person_id, volunteer=True))

    def part(self) -> None:
        if offers := self.town.all(Offer, Offer.status.in_(("accepted", "checked_in"))):
            offer = self.chance.choice(offers)
            do = self.chance.choice((self.town.check_in, self.town.complete, self.town.release))
            do(offer.task_id, Actor(offer.person_id, volunteer=True))

    def wish(self) -> None:
        who = self.chance.choice(self.people)
        until = self.chance.choice((None, None, clock.now() + timedelta(hours=2)))
        self.town.run(lambda s: wishes.put(s, who, {"rest_until": until}, if_match=None))
        most = {"max_open_tasks": self.chance.choice((1, 3))}
        self.town.run(lambda s: availability.put(s, who, most, if_match=None))

    def time(self) -> None:
        clock.step(timedelta(minutes=self.chance.choice((1, 7, 31, 61, 180, 250))))
        if clock.now().astimezone(clock.SHANGHAI).hour >= 18:
            clock.step(timedelta(hours=15))  # nobody is asked at night

    def some(self) -> None:
        """Only some jobs are done, in an order of their own."""
        with transaction(self.town.engine) as session:
            outbox.sweep_deadlines(session)
            taken = outbox.take(session)
        self.chance.shuffle(taken)
        for row in taken:
            outbox.run(self.town, row.id, HANDLERS)

    def go_on(self, turns: Turns) -> None:
        """Take `STEPS` steps, and more until enough has been seen: some days are slow."""
        steps = (self.send_out, self.answer, self.part, self.wish, self.time, self.some, self.some)
        for taken in range(MOST_STEPS):
            if taken >= STEPS and turns.asked >= 8 and turns.contended >= 3:
                return
            with suppress(WuzhanError):
                self.chance.choice(steps)()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_older_task_waits_while_a_younger_one_is_given_to_the_same_person(
    town: Town, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    turns = Turns()
    monkeypatch.setitem(HANDLERS, "dispatch.round", turns.job)
    monkeypatch.setitem(jobs.ON_DUE, "offer_round", turns.round)
    Days(town, seed).go_on(turns)
    assert turns.unfair == []
    assert turns.asked >= 8
    assert turns.contended >= 3


def test_the_older_one_chooses_first_whatever_policy_its_station_has(town: Town) -> None:
    """Without this, tasks of one policy would all come before those of the next."""
    helper = town.volunteer("唯一的", station="culture")
    for other in town.helpers:
        until = clock.now() + timedelta(days=1)
        town.run(lambda s, who=other, u=until: wishes.put(s, who, {"rest_until": u}, if_match=None))
    quick = {"village_code": VILLAGE, "station": "culture", "policy": "nearest-1"}
    town.add(DispatchSettings(**quick, day_cap=1, set_at=clock.now()))
    head = town.person("文体站长", ("head", "culture"))
    town.run(lambda s: availability.put(s, helper, {"max_open_tasks": 0}, if_match=None))
    older = town.bring("dispatching", people=1)
    heard = sa.update(Task).values(village_at=clock.now())  # its head knows of other stations
    town.run(lambda s: s.execute(heard))
    clock.step(timedelta(minutes=1))
    younger = town.submit(category=None, station="culture", priority="P3")
    town.act(younger, "accept", head)
    town.act(younger, "dispatch", head, task={"people_needed": 1})
    town.work()
    assert (town.task(older).station, town.task(younger).station) == (STATION, "culture")
    town.run(lambda s: availability.put(s, helper, {"max_open_tasks": 2}, if_match=None))
    town.work()
    assert [len(town.offers(one)) for one in (older, younger)] == [1, 0]


def test_one_who_has_rested_goes_to_the_oldest_though_a_younger_one_looks_first(town: Town) -> None:
    """Time alone has made her free: nobody has said so, and the older one's look is to come."""
    until = clock.now() + timedelta(minutes=10)
    for helper in town.helpers:
        till = clock.now() + timedelta(days=1) if helper is not town.helpers[0] else until
        town.run(lambda s, w=helper, t=till: wishes.put(s, w, {"rest_until": t}, if_match=None))
    older = town.bring("dispatching", people=1)
    town.work()
    clock.step(timedelta(minutes=15))
    younger = town.bring("dispatching", people=1)
    assert town.task(older).next_wake > clock.now()
    town.work()
    assert [len(town.offers(one)) for one in (older, younger)] == [1, 0]


# ---------------------------------------------------------------- beyond the village's border


NEXT = "t-beishan"


def sent_out(town: Town, village: str, priority: str = "P1") -> UUID:
    head = Actor(town.head.person_id, "站长", village, (Grant("head", village, STATION),))
    request_id = town.submit(village_code=village, priority=priority)
    town.act(request_id, "accept", head)
    town.act(request_id, "dispatch", head, task={"people_needed": 1})
    town.work()
    clock.step(timedelta(minutes=5))
    return request_id


@pytest.fixture
def lent(town: Town) -> Actor:
    """Everybody rests; one of the next village, who lends, is the first who has rested."""
    town.neighbour(NEXT)
    until = clock.now() + timedelta(minutes=20)
    resting = sa.update(Volunteer).values(rest_until=until + timedelta(days=1))
    town.run(lambda s: s.execute(resting))
    lends = {"village": NEXT, "next_village": True, "next_village_km": 9.0}
    return town.volunteer("邻村的", **lends, rest_until=until)


def test_who_is_lent_goes_to_the_older_task_of_her_own_village(town: Town, lent: Actor) -> None:
    """The younger one of the borrowing village looks first."""
    older, younger = sent_out(town, NEXT), sent_out(town, VILLAGE)
    clock.step(timedelta(minutes=12))
    town.run(lambda s: rounds.run_round(s, younger, wakes=False))
    assert town.waiting("dispatch.woken_round") == 0  # else two villages could look without end
    town.round(younger)
    assert town.offers(younger) == []
    assert town.waiting("dispatch.woken_round") == 1
    town.work()
    assert [offer.person_id for offer in town.offers(older)] == [lent.person_id]
    assert town.offers(younger) == []


@pytest.mark.parametrize("theirs", ["younger", "less urgent", "elsewhere"])
def test_who_is_lent_is_asked_where_nothing_older_of_hers_needs_her(
    town: Town, lent: Actor, theirs: str
) -> None:
    if theirs == "younger":
        asks = sent_out(town, VILLAGE)
        sent_out(town, NEXT)
    else:
        village = "t-nanshan" if theirs == "elsewhere" else NEXT
        if theirs == "elsewhere":
            town.settle(village)
        sent_out(town, village, "P2" if theirs == "less urgent" else "P1")
        asks = sent_out(town, VILLAGE)
    clock.step(timedelta(minutes=12))
    town.round(asks)
    assert [offer.person_id for offer in town.offers(asks)] == [lent.person_id]
