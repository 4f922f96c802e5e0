"""What anybody may do at any time: the steps of the walk of `test_any_time`."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from dispatch import answers, invariants
from tests.dispatch.kept_out import LONG_AGO, NEXT, tire
from tests.village.town import HANDLERS, STATION, VILLAGE, Town
from village import (
    agreements,
    availability,
    circles,
    clock,
    exclusions,
    outbox,
    reserve,
    rests,
    wishes,
)
from village.access import Actor, Grant
from village.db import transaction
from village.errors import WuzhanError
from village.models import (
    Certificate,
    DispatchSettings,
    Offer,
    Place,
    Request,
    Task,
    TimeOff,
    VillageAgreement,
    Volunteer,
)

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
MINUTE, LATER = timedelta(minutes=1), date(2099, 1, 1)
HELD = Place.status.in_(("taken", "checked_in"))
CHAIR = Grant("chair", VILLAGE, None)
DAY_CAP, WEEK_CAP = 4, 14
NUMBER = st.integers(0, 59)


class Steps(RuleBasedStateMachine):
    """A village and its neighbour; each walk goes on where the one before has ended."""

    town: Town
    crowd: list[Actor]
    tired: tuple[Actor, Actor]
    done: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        evening = (clock.now() + 8 * DAY).astimezone(clock.SHANGHAI).replace(hour=21, minute=0)
        clock.step(evening - clock.now())  # nobody is tired of the walk before
        self.known = {offer.id for offer in self.town.all(Offer)}
        self.day_cap = DAY_CAP
        self.villages_help(again=True)
        tire(self.town, *self.tired)
        self.asked_to_do_less()

    # ------------------------------------------------------------------ what the station does

    @initialize()
    def begin(self) -> None:
        """Something is looked for from the start, the neighbours are asked, somebody is at work."""
        left_out = self.the_evening_before()
        clock.step(12 * HOUR)
        self.only_neighbours_have_time(*left_out)
        for which, priority in enumerate(("P3", "P1", "P2")):
            self.send_out(priority, 1 + which % 2, which)
        self.town.set(self.look_for("P1", clock.now(), 3 * DAY), sealed=True)
        self.town.work()
        self.say_no(0, None)
        self.say_yes(0, None)
        self.come_or_not(0, "check_in")
        for which, what in enumerate(("insurance", "paper", "paper", "status")):
            self.is_fit_no_more(-1 - which, what)

    def the_evening_before(self) -> tuple[set[UUID], set[UUID]]:
        """One is at work, one has promised ten to twelve; return them, and who has said no.

        Of the rest nothing is urgent.
        """
        at_work = self.look_for("P1", clock.now(), 3 * DAY, people_needed=2)
        promised = self.look_for("P1", clock.now() + 13 * HOUR, 2 * HOUR)
        self.look_for("P3", clock.now(), 3 * DAY)
        self.town.work()
        offers = [self.town.offers(one, "offered")[0] for one in (at_work, promised)]
        for offer in offers:
            self.town.accept(offer.id, _who(offer))
        self.town.check_in(offers[0].task_id, _who(offers[0]))
        self.town.work()
        no = self.town.offers(at_work, "offered")
        for offer in no:
            self.town.decline(offer.id, _who(offer))
        return {one.person_id for one in offers}, {one.person_id for one in no}

    def only_neighbours_have_time(self, busy: set[UUID], said_no: set[UUID]) -> None:
        """Without it, whether a walk gets as far as the next village is chance.

        Who is busy, or has said no, is left out by that rule alone.
        """
        village = [who for who in self.crowd[:-3] if who.person_id not in busy | said_no]
        self.let_rest(village, clock.now() + DAY)
        request_id = self.look_for("P1", clock.now() + HOUR, 2 * HOUR)
        for person_id in said_no:
            self.do_not_want(request_id, person_id)
        head, task_id = self.town.head, self.town.task(request_id).id
        for word in ("hold", "ask_next"):
            self.town.run(lambda s, word=word: HEAD_SAYS[word](s, head, task_id))
            self.town.work()
            self.nothing_is_broken()
        self.let_rest(village, None)

    def let_rest(self, people: list[Actor], until: datetime | None) -> None:
        """By their own word, of whatever station they are."""
        theirs = sa.update(Volunteer).where(
            Volunteer.person_id.in_([one.person_id for one in people])
        )
        self.town.run(lambda s: s.execute(theirs.values(rest_until=until)))

    def look_for(self, priority: str, starts: datetime, length: timedelta, **task: Any) -> UUID:
        request_id = self.town.submit(priority=priority)
        self.town.act(request_id, "accept")
        task = {"people_needed": 1, "starts_at": starts, "ends_at": starts + length} | task
        self.town.act(request_id, "dispatch", task=task)
        return request_id

    @rule(
        priority=st.sampled_from(("P1", "P2", "P3", "P3")), people=st.integers(1, 3), which=NUMBER
    )
    def send_out(self, priority: str, people: int, which: int) -> None:
        """A lamp, or something safe; now and then it is a dispute's, for mediators alone."""
        if len(self.searching()) > 6:
            return
        length = timedelta(hours=2) if which % 2 else timedelta(days=3)
        safe = {"risk": 0, "skills": []} if which % 5 == 0 else {}
        starts = clock.now() + (which % 3) * HOUR
        request_id = self.look_for(priority, starts, length, people_needed=people, **safe)
        if which % 7 == 6:
            self.town.set(request_id, sealed=True)

    @rule(which=NUMBER, action=st.sampled_from(("recall", "withdraw", "go_ahead", "send_back")))
    def decide(self, which: int, action: str) -> None:
        requests = self.town.all(Request, Request.status.in_(("dispatching", "checking")))
        if requests:
            who = self.town.villager if action == "withdraw" else self.town.head
            sent = {"reason": "还差一点"} if action == "send_back" else {}
            self.may(lambda: self.town.act(_of(requests, which).id, action, who, **sent))

    @rule(which=NUMBER, what=st.sampled_from(("hold", "let_go", "ask_next", "rest", "no_rest")))
    def say_how(self, which: int, what: str) -> None:
        """A head's word on a task's circles, or on one of her people's rest."""
        if what.endswith("rest"):
            until = clock.now() + 5 * HOUR if what == "rest" else None
            self.leave_in_peace(_of(self.crowd[:6], which), until)
        elif tasks := self.searching():
            task_id, head = _of(tasks, which).id, self.town.head
            self.may(lambda: self.town.run(lambda s: HEAD_SAYS[what](s, head, task_id)))

    def leave_in_peace(self, who: Actor, until: datetime | None) -> None:
        give = (self.town.head, VILLAGE, STATION, who.person_id, until)
        self.may(lambda: self.town.run(lambda s: rests.give(s, *give)))

    @rule(again=st.booleans())
    def villages_help(self, again: bool) -> None:
        """Either village may end it, and they may agree anew."""
        clock.step(MINUTE)  # what was asked at the same moment is not held against the round
        helping = self.town.all(VillageAgreement, VillageAgreement.until.is_(None))
        if again and not helping:
            self.town.lend(VILLAGE, NEXT)
        elif helping and not again:
            chair = Actor(self.town.chair.person_id, "会长", VILLAGE, (CHAIR,))
            self.town.run(lambda s: agreements.end(s, chair, helping[0].id))

    @rule(which=NUMBER, who=NUMBER)
    def keep_away(self, which: int, who: int) -> None:
        """The villager does not want somebody, whether she has been asked or not."""
        if tasks := self.searching():
            request_id, person_id = _of(tasks, which).request_id, _of(self.crowd, who).person_id
            self.may(lambda: self.do_not_want(request_id, person_id))

    def do_not_want(self, request_id: UUID, person_id: UUID) -> None:
        facts = (self.town.villager, request_id, person_id, "word")
        self.town.run(lambda s: exclusions.exclude(s, *facts))

    @rule(cap=st.integers(0, DAY_CAP))
    def allow_fewer_messages(self, cap: int) -> None:
        self.day_cap = cap
        change = sa.update(DispatchSettings).values(day_cap=cap, set_at=clock.now())
        self.town.run(lambda session: session.execute(change))

    # ------------------------------------------------------------------ what volunteers do

    @rule(which=NUMBER, hours=st.none() | st.integers(0, 5))
    def say_yes(self, which: int, hours: int | None) -> None:
        if offers := self.offers("offered", "expired", "accepted", "no_show"):
            offer = _of(offers, which)
            arrival = None if hours is None else clock.now() + hours * HOUR
            self.may(lambda: self.town.accept(offer.id, _who(offer), arrival=arrival))

    @rule(which=NUMBER, reason=st.sampled_from((None, None, *wishes.CHANGING)))
    def say_no(self, which: int, reason: str | None) -> None:
        if offers := self.offers("offered", "expired"):
            offer = _of(offers, which)
            said = {"reason": reason}
            self.may(
                lambda: self.town.run(lambda s: answers.decline(s, _who(offer), offer.id, **said))
            )

    @rule(which=NUMBER, what=st.sampled_from(("paper", "insurance", "status")))
    def is_fit_no_more(self, which: int, what: str) -> None:
        """Something ends between the question and the answer; then she says yes."""
        holders = {place.person_id for place in self.town.run(places_held)}
        offers = [one for one in self.offers("offered") if one.person_id not in holders]
        if offers:
            offer = _of(offers, which)
            clock.step(MINUTE)
            self.town.run(lambda s: _end(s, offer.person_id, what))
            self.may(lambda: self.town.accept(offer.id, _who(offer)))

    @rule(which=NUMBER, does=st.sampled_from(("check_in", "check_in", "release")))
    def come_or_not(self, which: int, does: str) -> None:
        if offers := self.offers("accepted"):
            offer = _of(offers, which)
            self.may(lambda: getattr(self.town, does)(offer.task_id, _who(offer)))

    @rule(which=NUMBER, does=st.sampled_from(("complete", "complete", "release")))
    def finish_or_not(self, which: int, does: str) -> None:
        if offers := self.offers("checked_in"):
            offer = _of(offers, which)
            self.may(lambda: getattr(self.town, does)(offer.task_id, _who(offer)))

    @rule(which=NUMBER)
    def stand_by(self, which: int) -> None:
        if offers := self.offers("withdrawn", "expired"):
            offer = _of(offers, which)
            self.may(lambda: self.town.run(lambda s: reserve.stand_by(s, _who(offer), offer.id)))

    @rule(which=NUMBER, hours=st.sampled_from((0, 0, 3, 30)), most=st.integers(0, 3))
    def wish(self, which: int, hours: int, most: int) -> None:
        who, until = _of(self.crowd, which), clock.now() + hours * HOUR if hours else None
        times = {"max_open_tasks": most, "quiet_hours": (720, 840) if most == 1 else None}
        self.town.run(lambda s: wishes.put(s, who, {"rest_until": until}, if_match=None))
        self.town.run(lambda s: availability.put(s, who, times, if_match=None))

    # ------------------------------------------------------------------ time and machines

    @rule()
    def work(self) -> None:
        self.town.work()

    @rule(count=st.integers(1, 3))
    def a_few_jobs(self, count: int) -> None:
        """Workers are slow, or have died: only some of what is due is done."""
        with transaction(self.town.engine) as session:
            outbox.sweep_deadlines(session)
        for _ in range(count):
            for row in self.town.run(lambda s: outbox.take(s, limit=1)):
                outbox.run(self.town, row.id, HANDLERS)

    @rule(which=NUMBER)
    def a_round_that_comes_twice(self, which: int) -> None:
        if tasks := self.searching():
            self.town.round(_of(tasks, which).request_id)

    @rule(minutes=st.sampled_from((1, 11, 31, 31, 61, 130, 400, 900)), idle=st.booleans())
    def time_goes_by(self, minutes: int, idle: bool) -> None:
        clock.step(timedelta(minutes=minutes))
        if not idle:
            self.town.work()

    # ------------------------------------------------------------------ helpers

    @invariant()
    def nothing_is_broken(self) -> None:
        with transaction(self.town.engine) as session:
            found = invariants.broken(session)
            assert found == {}, found

    def asked_to_do_less(self) -> None:
        """Everybody of the crowd begins with her usual wishes, able and insured."""
        mine = [who.person_id for who in self.crowd]
        plain = {"rest_until": None, "rest_by": None, "quiet_from": None, "quiet_to": None}
        plain |= {"disliked": [], "ask_less": 1, "insured_until": LATER, "status": "active"}
        change = sa.update(Volunteer).where(Volunteer.person_id.in_(mine))
        self.town.run(lambda s: s.execute(change.values(max_open_tasks=3, **plain)))
        papers = sa.update(Certificate).where(Certificate.person_id.in_(mine))
        self.town.run(lambda s: s.execute(papers.values(valid_until=None)))
        self.town.run(lambda s: s.execute(sa.delete(TimeOff).where(TimeOff.person_id.in_(mine))))
        self.allow_fewer_messages(DAY_CAP)

    def searching(self) -> list[Task]:
        return self.town.all(Task, Task.status == "open")

    def offers(self, *states: str) -> list[Offer]:
        return self.town.all(Offer, Offer.status.in_(states))

    def may(self, step: Any) -> None:
        """Take a step that may be refused, but only with a reason of ours."""
        with suppress(WuzhanError):
            step()


HEAD_SAYS = {
    "hold": partial(circles.hold, held=True),
    "let_go": partial(circles.hold, held=False),
    "ask_next": partial(circles.widen, circle="neighbours"),
}


def _of(things: list[Any], which: int) -> Any:
    return things[which % len(things)]


def _who(offer: Offer) -> Actor:
    return Actor(offer.person_id, volunteer=True)


def places_held(session: Any) -> list[Place]:
    return list(session.scalars(sa.select(Place).where(HELD)))


def _end(session: Any, person_id: UUID, what: str) -> None:
    """As those who look after papers, insurance and membership write it."""
    mine = sa.update(Volunteer).where(Volunteer.person_id == person_id)
    values = {"insurance": {"insured_until": LONG_AGO}, "status": {"status": "paused"}}
    session.execute(mine.values(version=Volunteer.version + 1, **values.get(what, {})))
    if what == "paper":
        paper = sa.update(Certificate).where(Certificate.person_id == person_id)
        session.execute(paper.values(valid_until=LONG_AGO, checked_at=clock.now()))
