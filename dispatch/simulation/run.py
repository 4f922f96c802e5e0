"""One run: requests come, production's own rounds ask, people answer or do not.

A round does what `dispatch.rounds` does, with lists in the place of tables: the same screen, the
same decision, the same outcome. Locks, pairs, the reserve and the heads' word it has not.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count

from dispatch import translate
from dispatch.borders import left_to
from dispatch.candidates import AT_ONCE, passed
from dispatch.deciding import Facts, Look, decisions, most_for
from dispatch.endings import Ending
from dispatch.explore import Chosen
from dispatch.learning import Learnt
from dispatch.outcome import outcome
from dispatch.people import People
from dispatch.record import Decided
from dispatch.response import Response
from dispatch.returns import SILENT_AFTER
from dispatch.simulation import crowd
from dispatch.simulation.crowd import Crowd, code, number
from dispatch.simulation.search import Search, Sent, search
from dispatch.simulation.world import Person, World
from dispatch.wakeups import turn
from dispatch.work import NEXT_VILLAGE, Work
from village.claim import NO_SHOW_AFTER
from village.workflow import priorities

SPREAD_OF_ANSWERS = 1.2  # of their log-normal delay
DECLINES = 0.3  # of those who hear and do not come
DAY, WEEK = timedelta(days=1), timedelta(days=7)

Event = Callable[[datetime], None]


class Run:
    """A world under a policy; `widest` is the widest circle that the heads allow."""

    def __init__(self, world: World, version: str, widest: int) -> None:
        self.world = world
        villages = range(world.scenario.villages)
        lends = widest >= NEXT_VILLAGE
        near = {village: crowd.near(world, village) if lends else {} for village in villages}
        self.searches = [
            search(matter, near[matter.village], version, widest) for matter in world.matters
        ]
        self.crowds = _crowds(world, lends=lends)
        own = Response().own  # what is known of a person is the same in every village
        self.learnt = {village: Learnt(Response(own=own)) for village in villages}
        self.open: dict[int, dict[int, Search]] = {village: {} for village in villages}
        self.rests_until: dict[int, datetime] = {}
        self.muted: set[int] = set()
        self._events: list[tuple[datetime, int, Event]] = []
        self._order = count()

    def play(self) -> Run:
        """Live through all requests."""
        for one in self.searches:
            self._later(one.matter.opened, partial(self._send_out, one))
        while self._events:
            now, _, event = heapq.heappop(self._events)
            event(now)
        return self

    def _later(self, at: datetime, event: Event) -> None:
        heapq.heappush(self._events, (at, next(self._order), event))

    def _send_out(self, one: Search, now: datetime) -> None:
        self.open[one.matter.village][one.matter.id] = one
        self._round(one, now)

    # ------------------------------------------------------------ a round, as in production

    def _round(self, asked_for: Search, now: datetime, *, wakes: bool = True) -> None:
        if not asked_for.looks_for_people:
            return
        village = asked_for.matter.village
        due = [one for one in self.open[village].values() if one is asked_for or _is_due(one, now)]
        silent = [sent for one in due for sent in one.expire(now)]
        seen = {one.work.task_id: one for one in due}
        works = [one.seen() for one in due]
        people = self.crowds[village].people()
        facts = Facts(people, self.learnt[village], now, most_for(works))
        works, woken = self._without_owed([one for one in works if one.is_due(now)], people, now)
        for older in woken if wakes else ():
            self._later(now, partial(self._round, older, wakes=False))
        for _, looks, decided in decisions(works, facts):
            for look in looks:
                self._carry_out(seen[look.work.task_id], look, decided, facts)
        self._learn_silence(village, silent, now)
        for one in due:
            self._arm(one, now)

    def _without_owed(
        self, works: list[Work], people: People, now: datetime
    ) -> tuple[list[Work], list[Search]]:
        """Leave whoever is lent to an older task of her own village; return these, too."""
        lenders = {village for work in works for village, _ in work.near}
        others = {
            one.work.request_id: one
            for village, searches in self.open.items()
            if code(village) in lenders
            for one in searches.values()
            if _has_nobody(one, now)
        }
        theirs = [replace(one.seen(), near={}) for one in others.values()]
        found, woken = left_to(works, theirs, people, now)
        return found, [others[request_id] for request_id in sorted(woken)]

    def _carry_out(self, one: Search, look: Look, decided: Decided, facts: Facts) -> None:
        chosen = decided.chosen.get(look.task.id, [])
        found = outcome(look, decided.decision.plans.get(look.task.id), facts.now)
        for offer in chosen:
            self._ask(one, look, offer, facts)
        circles = [offer.offer.circle for offer in chosen]
        one.looked_at(found, circles, belated=look.task.at_most is not None)
        if found.end is Ending.GIVE_UP or translate.due(one.work) <= facts.now:
            one.given_up = True  # or its head goes ahead with those who have said yes
            self._close(one, facts.now)

    def _arm(self, one: Search, now: datetime) -> None:
        """Leave one due time for a search."""
        one.armed += 1
        armed, due = one.armed, one.next_due()
        if due is not None and one.looks_for_people:
            self._later(
                max(due, now), lambda at: self._round(one, at) if one.armed == armed else None
            )

    def _close(self, one: Search, now: datetime) -> None:
        """Nobody more is needed: what is out is taken back."""
        self.open[one.matter.village].pop(one.matter.id, None)
        out = one.out()
        for sent in out:
            sent.state = "withdrawn"
        lately = now - SILENT_AFTER
        self._learn_silence(one.matter.village, [sent for sent in out if sent.at <= lately], now)

    # ------------------------------------------------------------ what is learnt

    def _learn_silence(self, village: int, silent: Sequence[Sent], now: datetime) -> None:
        for sent in silent:
            if not sent.silent:
                sent.silent = True
                self._learn(village, sent, None, now)

    def _learn(self, village: int, sent: Sent, yes: bool | None, now: datetime) -> None:
        learnt = self.learnt[village]
        after_silence = sent.silent and yes is not None
        learnt.count(
            sent.asked, sent.predicted, yes, now, personal=True, after_silence=after_silence
        )
        learnt.calibration.fit()

    # ------------------------------------------------------------ what people do

    def _ask(self, one: Search, look: Look, chosen: Chosen, facts: Facts) -> None:
        """A message: whoever listens answers after a while, or says nothing."""
        matter, now = one.matter, facts.now
        asked, personal = look.asked(chosen.offer.volunteer, now)
        person = self.world.people[number(asked.person)]
        expires_at = priorities.offer_expires(matter.priority, now)
        predicted = facts.learnt.predicted(asked, personal)
        sent = Sent(now, expires_at, chosen.offer.circle, asked, predicted)
        one.sent[person.id] = sent
        self._count(person, now)
        self._hears(one, person, sent, now)

    def _count(self, person: Person, now: datetime) -> None:
        here = self.crowds[person.village]
        here.asked(person, now)
        self._later(now + DAY, lambda _: here.a_day_later(person))
        self._later(now + WEEK, lambda _: here.a_week_later(person))

    def _hears(self, one: Search, person: Person, sent: Sent, now: datetime) -> None:
        matter, scenario = one.matter, self.world.scenario
        rng = self.world.coins(matter, person)
        listens = person.id not in self.muted and now >= self.rests_until.get(person.id, now)
        over = max(0.0, self.crowds[person.village].messages(person) - person.tolerance)
        chance, luck, delay = self.world.chance(matter, person, over), rng.random(), rng.gauss()
        if over > 0 and rng.random() < scenario.mutes:
            self.muted.add(person.id)
        if not listens:
            return
        rest = rng.expovariate(1 / (scenario.rest_hours or 1e-9))
        self.rests_until[person.id] = now + timedelta(hours=rest)
        if luck < chance + DECLINES * (1 - chance):
            after = scenario.answer_minutes * math.exp(SPREAD_OF_ANSWERS * delay)
            answer = self._yes if luck < chance else self._no
            self._later(now + timedelta(minutes=after), lambda at: answer(one, person, sent, at))

    def _no(self, one: Search, person: Person, sent: Sent, now: datetime) -> None:
        if sent.state in ("offered", "expired"):
            sent.state = "declined"
            self._learn(one.matter.village, sent, False, now)
            self._look_again(one, now)

    def _yes(self, one: Search, person: Person, sent: Sent, now: datetime) -> None:
        """Take a place, if one is free still; she does the work when she has time next."""
        here, matter = self.crowds[person.village], one.matter
        if not one.looks_for_people and now < matter.ends_at:  # others were faster
            self._learn(matter.village, sent, True, now)
        may = sent.state in ("offered", "expired") and now < matter.ends_at
        if not (may and one.looks_for_people) or here.at_work[here.places[person.id]]:
            return
        sent.state = "accepted"
        one.taken(1)
        here.takes(person)
        self._later(now + WEEK, lambda _: here.helped_a_week_ago(person))
        filled = not one.looks_for_people
        if filled:
            self._close(one, now)
        self._learn(matter.village, sent, True, now)
        self._comes(one, person, now)
        if not filled:
            self._look_again(one, now)

    def _comes(self, one: Search, person: Person, now: datetime) -> None:
        here, matter = self.crowds[person.village], one.matter
        begins = person.next_free(now)
        coins = self.world.coins(matter, person)
        coins.random()
        if coins.random() < self.world.scenario.no_show:
            self._later(begins + NO_SHOW_AFTER, lambda at: self._stays_away(one, person, at))
            return
        one.came.append(person.id)
        if len(one.came) == matter.places:
            one.filled_at = now
        self._later(begins, lambda _: here.works(person, 1))
        ends = begins + timedelta(minutes=matter.minutes)
        self._later(ends, lambda at: self._is_done(person, at))

    def _stays_away(self, one: Search, person: Person, now: datetime) -> None:
        """Her place opens again (R18): a search that was over begins anew."""
        self.crowds[person.village].drops(person)
        one.taken(-1)
        if one.given_up:
            return
        if one.matter.id not in self.open[one.matter.village]:
            one.change(rounds=0)
            self.open[one.matter.village][one.matter.id] = one
        self._look_again(one, now)

    def _look_again(self, one: Search, now: datetime) -> None:
        one.change(next_wake=now)
        self._round(one, now)

    def _is_done(self, person: Person, now: datetime) -> None:
        """Whoever is free again is thought of where people are waited for (`wakeups.freed`)."""
        here = self.crowds[person.village]
        here.works(person, -1)
        here.drops(person)
        place, people = here.places[person.id], here.people()
        waiting = [
            one
            for village, searches in self.open.items()
            if self.crowds[village] is here
            for one in searches.values()
            if _is_waiting(one) and passed(people, one.seen(), now, AT_ONCE)[place]
        ]
        for one in sorted(waiting, key=lambda one: turn(one.work)):
            self._round(one, now)


def _crowds(world: World, *, lends: bool) -> dict[int, Crowd]:
    """Return the people of each village, or (lending) everybody for all."""
    villages = range(world.scenario.villages)
    if lends:
        return dict.fromkeys(villages, Crowd(world, world.people))
    return {
        village: Crowd(world, [one for one in world.people if one.village == village])
        for village in villages
    }


def _is_due(one: Search, now: datetime) -> bool:
    """As the rounds find what is due: by its time, for want of people, or an offer's end."""
    return one.work.is_due(now) or any(sent.expires_at <= now for sent in one.out())


def _is_waiting(one: Search) -> bool:
    return one.work.short > 0 or one.work.next_wake is None


def _has_nobody(one: Search, now: datetime) -> bool:
    """Without an invitation out: what has one waits for its answer (`borders`)."""
    wake = one.work.next_wake
    waits = one.work.short > 0 or wake is None or wake <= now
    return waits and one.matter.ends_at > now and not one.out()
