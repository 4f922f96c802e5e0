"""Two villages that lend to each other decide, and phones answer, all at the same moment."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from dispatch import invariants, rounds
from tests.village.town import HANDLERS, STATION, VILLAGE, Town
from village import clock, outbox
from village.access import Actor, Grant
from village.db import transaction
from village.errors import WuzhanError
from village.models import Offer, Request, Task

NEXT, THIRD = "t-beishan", "t-nanshan"
BURSTS, MOST_BURSTS, TAPS = 4, 12, 12


@pytest.fixture
def valley(town: Town) -> Town:
    """Two villages that lend to each other, and one whose people help in both."""
    town.settle(THIRD)
    town.neighbour(NEXT)
    lends: dict[str, Any] = {"next_village": True, "next_village_km": 9.0, "max_open_tasks": 9}
    for number in range(5):
        town.volunteer(f"邻村{number}", village=NEXT, **lends)
        town.volunteer(f"本村{number}", **lends)
    for number in range(3):
        both = town.volunteer(f"两边{number}", village=THIRD, **lends)
        town.join(both, STATION)
        town.join(both, STATION, village=NEXT)
    return town


def send_out(town: Town, village: str, priority: str) -> UUID:
    head = Actor(town.head.person_id, "站长", village, (Grant("head", village, STATION),))
    request_id = town.submit(village_code=village, priority=priority)
    town.act(request_id, "accept", head)
    town.act(request_id, "dispatch", head, task={"people_needed": 2})
    return request_id


class Burst:
    """Everything at once; an error that is not one of ours comes out of `run`."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town, self.seed = town, seed

    def run(self) -> Counter[str]:
        """Return what was said how often."""
        hands = [self.rounds, self.rounds, self.jobs, self.jobs, *[self.answers] * 4]
        with ThreadPoolExecutor(len(hands)) as pool:
            seeds = [Random(100 * self.seed + number) for number in range(len(hands))]
            return sum(pool.map(self.hand, hands, seeds), Counter())

    @staticmethod
    def hand(step: Callable[[Random], str], chance: Random) -> Counter[str]:
        said: Counter[str] = Counter()
        for _ in range(TAPS):
            try:
                said[step(chance)] += 1
            except WuzhanError as refused:
                said[refused.code] += 1
        return said

    def rounds(self, chance: Random) -> str:
        open_ones = self.town.all(Task, Task.status == "open")
        if open_ones:
            self.town.round(chance.choice(open_ones).request_id)
        return "round"

    def jobs(self, chance: Random) -> str:
        with transaction(self.town.engine) as session:
            outbox.sweep_deadlines(session)
            taken = outbox.take(session, limit=4)
        for row in taken:
            outbox.run(self.town, row.id, HANDLERS)
        return "jobs"

    def answers(self, chance: Random) -> str:
        live = Offer.status.in_(("offered", "expired", "accepted"))
        offers = self.town.all(Offer, live)
        if not offers:
            return "nothing"
        offer = chance.choice(offers)
        who = Actor(offer.person_id, volunteer=True)
        if offer.status == "accepted":
            self.town.release(offer.task_id, who)
            return "release"
        if chance.random() < 0.4:
            self.town.decline(offer.id, who)
            return "decline"
        arrival = clock.now() + timedelta(hours=chance.randrange(8))
        self.town.accept(offer.id, who, arrival=arrival)
        return "accept"


def deadlocks(town: Town) -> int:
    count = sa.text("select deadlocks from pg_stat_database where datname = current_database()")
    town.engine.dispose()  # a connection that ends has told its counts
    return int(town.run(lambda session: session.scalar(count)))


def check_caps(town: Town) -> set[tuple[str | None, str]]:
    """Nobody has more than four messages in a day, all villages together.

    Returns by which policies, and for what, somebody was asked who had been asked at the same
    moment (the clock stands still in a burst): the fallback does so in danger, and only then.
    """
    priority = {request.id: request.priority for request in town.all(Request)}
    again: set[tuple[str | None, str]] = set()
    mine: dict[UUID, list[Offer]] = {}
    for offer in town.all(Offer):
        earlier = mine.setdefault(offer.person_id, [])
        lately = [one for one in earlier if one.created_at > offer.created_at - timedelta(days=1)]
        assert len(lately) < 4
        if any(one.created_at == offer.created_at for one in earlier):
            again.add((offer.policy, priority[offer.request_id]))
        earlier.append(offer)
    return again


def has_seen_enough(town: Town, said: Counter[str]) -> bool:
    """Both villages have asked, the neighbours too, and people have answered in all ways."""
    offers = town.all(Offer)
    asked = Request.id.in_({offer.request_id for offer in offers})
    both = {one.village_code for one in town.all(Request, asked)} == {VILLAGE, NEXT}
    lent = len({offer.circle for offer in offers}) > 1
    return both and lent and {"accept", "decline", "release"} <= set(said)


def test_nobody_waits_for_another_and_nobody_is_asked_twice_at_once(valley: Town) -> None:
    said: Counter[str] = Counter()
    for seed in range(MOST_BURSTS):
        if seed >= BURSTS and has_seen_enough(valley, said):
            break
        for village in (VILLAGE, NEXT):
            for priority in ("P2", "P1"):
                send_out(valley, village, priority)
        said += Burst(valley, seed).run()
        with transaction(valley.engine) as session:
            assert invariants.broken(session) == {}
        clock.step(timedelta(minutes=125))  # what is out expires, who was asked has rested
        if clock.now().astimezone(clock.SHANGHAI).hour >= 18:
            clock.step(timedelta(hours=15))
    assert deadlocks(valley) == 0
    assert has_seen_enough(valley, said)
    hard_pressed = check_caps(valley)
    assert hard_pressed <= {("robin_rested-1", "P1")}


def waits_for_a_village(town: Town) -> bool:
    """Watch until the other one stands in line."""
    line = sa.text("select count(*) from pg_locks where locktype = 'advisory' and not granted")
    for _ in range(200):
        if town.run(lambda session: session.scalar(line)):
            return True
        threading.Event().wait(0.05)
    return False


def test_a_round_takes_its_turn_with_every_village_that_shares_its_people(valley: Town) -> None:
    """Two rounds that know the same person never decide at the same moment."""
    here, there = send_out(valley, VILLAGE, "P1"), send_out(valley, THIRD, "P1")
    reached, done = threading.Event(), threading.Event()

    def other() -> None:
        reached.wait(10)
        valley.round(there)
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with transaction(valley.engine) as session:
        rounds.run_round(session, here)
        reached.set()
        assert waits_for_a_village(valley)
        assert not done.is_set()
    thread.join(20)
    assert done.is_set()
