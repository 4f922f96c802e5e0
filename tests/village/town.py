"""A village of the tests' own, its people, and requests brought into any state by real steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch import answers, rounds
from dispatch import jobs as dispatch_jobs
from village import clock, offers, outbox
from village.access import Actor, Grant
from village.db import Base, table, transaction
from village.ids import new_id
from village.models import (
    AvailabilityWindow,
    Category,
    Certificate,
    ConflictDeclaration,
    DueTime,
    Event,
    Membership,
    Offer,
    OrgUnit,
    Outbox,
    Person,
    Place,
    Request,
    RoleGrant,
    Station,
    Task,
    VillageAgreement,
    Volunteer,
    WechatIdentity,
)
from village.models.org import STATIONS
from village.workflow.engine import apply, attempt, start
from village.workflow.request import REQUEST

VILLAGE = "t-qingshi"
COMMITTEE = "t-qingshan"  # the administrative village above it
TOWNSHIP = "t-qingxi"
LAMP = "PUB-03"
STATION = "public_works"
CONSENT = "2026-11"
QUESTION = {"kind": "fire", "question": "?", "numbers": [{"label": "火警", "number": "119"}]}
# What intake writes of a text that is none of the five stations' (R31).
ELSEWHERE: dict[str, Any] = {
    "advice": [{"kind": "power", "may_keep": True}],
    "routing": {"decision": "not_ours", "reasons": []},
}
HALVES = [{"text": "村口到小学那段"}, {"text": "路灯坏了三盏"}]
ALWAYS = tuple((day, 0, 1440) for day in range(7))
WEDNESDAY = datetime(2026, 11, 25, 10, 0, tzinfo=clock.SHANGHAI)


@contextmanager
def stepped(folder: Path) -> Iterator[Path]:
    """Stop the domain's clock on a Wednesday, 10:00; `clock.step` moves it."""
    path = folder / "clock.json"
    clock.configure(path)
    clock.set_time(WEDNESDAY, speed=0.0)
    yield path
    clock.configure(None)


def untold(context: Any, session: Session, subject_id: UUID) -> None:
    """Messages are another room's; here their jobs are done by doing nothing."""


HANDLERS: dict[str, outbox.Handler] = {
    "dispatch.round": dispatch_jobs.offer_round,
    "dispatch.woken_round": dispatch_jobs.woken_round,
    "dispatch.withdraw": dispatch_jobs.withdraw,
    "dispatch.redo": dispatch_jobs.redo,
    "dispatch.freed": dispatch_jobs.freed,
    "dispatch.due": dispatch_jobs.due,
    "notify.tell": untold,
    "slow.deliver": untold,
}


@dataclass
class Town:
    """What a test does in the village; every step is committed, as in life."""

    engine: sa.Engine

    def build(self) -> None:
        with transaction(self.engine) as session:
            ladder = (
                (TOWNSHIP, "township", "青溪", None),
                (COMMITTEE, "admin_village", "青山", TOWNSHIP),
                (VILLAGE, "natural_village", "青石", COMMITTEE),
            )
            names = ("code", "kind", "name", "parent_code")
            units = [dict(zip(names, unit, strict=True)) for unit in ladder]
            session.execute(sa.insert(table(OrgUnit)), units)
            rows = [{"village_code": VILLAGE, "kind": k, "name": f"青石{k}站"} for k in STATIONS]
            session.execute(sa.insert(table(Station)), rows)
        self.villager = self.person("村民")
        self.head = self.person("站长", ("head", STATION))
        self.deputy = self.person("副站长", ("deputy", STATION))
        self.chair = self.person("会长", ("chair", None))
        self.clerk = self.person("村委会经办", ("clerk", None), unit=COMMITTEE)
        self.nephew = self.person("会长的侄子")
        self.kin(self.chair, self.nephew)
        self.helpers = [self.volunteer(f"志愿者{n}") for n in range(3)]

    # ------------------------------------------------------------------ people

    def person(
        self, name: str, *offices: tuple[str, str | None], household: str | None = None,
        born: int = 1980, unit: str = VILLAGE,
    ) -> Actor:  # fmt: skip
        person_id, now = new_id(), clock.now()
        person = Person(id=person_id, name=name, village_code=VILLAGE, created_at=now)
        person.household, person.birth_year = household, born
        grants = tuple(Grant(role, unit, station) for role, station in offices)
        since = now - timedelta(days=90)
        self.add(person)
        for grant in grants:
            self.add(
                RoleGrant(
                    person_id=person_id, role=grant.role, unit_code=unit,
                    station=grant.station, valid_from=since,
                )
            )  # fmt: skip
        return Actor(person_id, name, VILLAGE, grants, consent=CONSENT)

    def volunteer(
        self, name: str, *, station: str = STATION, born: int = 1980, household: str | None = None,
        insured_until: date | None = date(2099, 1, 1), windows: Any = ALWAYS, active: bool = True,
        village: str = VILLAGE, **facts: Any,
    ) -> Actor:  # fmt: skip
        actor = self.person(name, household=household, born=born)
        values = {"status": "active", "max_open_tasks": 2, "insured_until": insured_until}
        values |= {"skills": ["电工证"], **facts}
        assert actor.person_id is not None
        self.add(Volunteer(person_id=actor.person_id, **values))
        self.add(
            WechatIdentity(
                openid=f"o-{actor.person_id}", person_id=actor.person_id, created_at=clock.now()
            )
        )
        self.certify(actor, "电工证")
        self.join(actor, station, active=active, village=village)
        for day, opens, closes in windows:
            window = {"weekday": day, "from_minute": opens, "to_minute": closes}
            self.add(AvailabilityWindow(person_id=actor.person_id, **window))
        return Actor(actor.person_id, name, VILLAGE, volunteer=True)

    def neighbour(self, code: str, km: float = 2.0) -> None:
        """Another village, and both lend each other people."""
        self.settle(code)
        self.lend(VILLAGE, code, km)

    def settle(self, code: str) -> None:
        """A village with its five stations."""
        self.add(OrgUnit(code=code, kind="natural_village", name=code))
        for kind in STATIONS:
            self.add(Station(village_code=code, kind=kind, name=f"{code}{kind}站"))

    def lend(self, one: str, other: str, km: float = 2.0) -> None:
        """Both chairs have agreed, for every station."""
        low, high = sorted((one, other))
        by, now = self.chair.person_id, clock.now()
        self.add(
            VillageAgreement(
                village_a=low, village_b=high, km=km, agreed_a_by=by, agreed_a_at=now,
                agreed_b_by=by, agreed_b_at=now, since=now,
            )
        )  # fmt: skip

    def certify(self, actor: Actor, skill: str, until: date | None = None) -> None:
        paper = {"person_id": actor.person_id, "skill": skill, "valid_until": until}
        self.add(Certificate(**paper, checked_at=clock.now()))

    def join(
        self, actor: Actor, station: str, *, active: bool = True, village: str = VILLAGE
    ) -> None:
        member = Membership(person_id=actor.person_id, village_code=village, station=station)
        member.active, member.since = active, clock.now()
        self.add(member)

    def set_household(self, actor: Actor, household: str) -> None:
        home = sa.update(Person).where(Person.id == actor.person_id).values(household=household)
        self.run(lambda session: session.execute(home))

    def kin(self, one: Actor, other: Actor) -> None:
        facts = {"person_id": one.person_id, "other_id": other.person_id, "kind": "kin"}
        self.add(ConflictDeclaration(**facts, declared_at=clock.now()))

    # ------------------------------------------------------------------ steps

    def start(self, request: Request, action: str = "submit", actor: Actor | None = None) -> UUID:
        with transaction(self.engine) as session:
            found = session.get(Category, request.category) if request.category else None
            payload = {"category": found}
            start(session, REQUEST, request, action, actor=actor or self.villager, payload=payload)
            return request.id

    def submit(self, actor: Actor | None = None, category: str | None = LAMP, **facts: Any) -> UUID:
        return self.start(self.new(actor, category, **facts), actor=actor)

    def hold(self, actor: Actor | None = None, category: str | None = LAMP, **facts: Any) -> UUID:
        asked = self.new(actor, category, emergency=QUESTION, **facts)
        return self.start(asked, "hold", actor)

    def new(self, actor: Actor | None = None, category: str | None = LAMP, **facts: Any) -> Request:
        """A request as intake makes it, not yet written."""
        with transaction(self.engine) as session:
            found = session.get(Category, category) if category else None
        values = {
            "id": new_id(), "village_code": VILLAGE,
            "station": found.station if found else None, "category": category,
            "requester_id": (actor or self.villager).person_id,
            "text": "村口到小学那段路灯坏了三盏", "answers": {},
            "hide_me": False, "sealed": False, "neutral": False, "consent_version": CONSENT,
            "priority": found.priority if found else "P3", "no_volunteer": False,
            "routing": {
                "decision": "routed" if found else "triage", "by": "rule",
                "station": found.station if found else None,
            },
            "transfers": 0, "reopened": 0, "created_at": clock.now(),
        }  # fmt: skip
        return Request(**{**values, **facts})

    def act(self, request_id: UUID, action: str, actor: Actor | None = None, **sent: Any) -> str:
        """Take an action, by default the head's; return the state that it leads to."""
        with transaction(self.engine) as session:
            who = actor or self.head
            row = apply(session, REQUEST, request_id, action, actor=who, payload=sent)
            return str(row.status)

    def actions(self, request_id: UUID, actor: Actor) -> list[str]:
        """What somebody may do with a request now."""
        row = self.request(request_id)
        seen = self.run(lambda session: REQUEST.relations(session, actor, row))
        return REQUEST.allowed_actions(row, seen)

    def system(self, request_id: UUID, action: str) -> str | None:
        with transaction(self.engine) as session:
            row = attempt(session, REQUEST, request_id, action)
            return None if row is None else str(row.status)

    def invite(self, request_id: UUID, helper: Actor) -> UUID:
        with transaction(self.engine) as session:
            task = session.scalars(self._live_task(request_id)).one()
            assert helper.person_id is not None
            until = clock.now() + timedelta(hours=2)
            return offers.invite(session, task, helper.person_id, wave=1, expires_at=until).id

    def accept(self, offer_id: UUID, helper: Actor, **sent: Any) -> str:
        with transaction(self.engine) as session:
            return answers.accept(session, helper, offer_id, **sent).status

    def take_place(self, request_id: UUID, helper: Actor) -> UUID:
        offer_id = self.invite(request_id, helper)
        self.accept(offer_id, helper)
        return self.task(request_id).id

    def decline(self, offer_id: UUID, helper: Actor) -> None:
        with transaction(self.engine) as session:
            answers.decline(session, helper, offer_id)

    def check_in(self, task_id: UUID, helper: Actor) -> None:
        with transaction(self.engine) as session:
            offers.check_in(session, helper, task_id)

    def complete(self, task_id: UUID, helper: Actor) -> None:
        with transaction(self.engine) as session:
            offers.complete(session, helper, task_id, result="换了灯泡", minutes=40)

    def release(self, task_id: UUID, helper: Actor) -> None:
        with transaction(self.engine) as session:
            offers.release(session, helper, task_id)

    def round(self, request_id: UUID) -> Any:
        with transaction(self.engine) as session:
            return rounds.run_round(session, request_id)

    # ------------------------------------------------------------------ a request in any state

    def bring(self, state: str, **facts: Any) -> UUID:
        """Return a request that has come to this state by the steps that people take."""
        return BRING[state](self, **facts)

    # ------------------------------------------------------------------ jobs and time

    def work(self) -> None:
        """Fire due times, and do all jobs until nothing is left to do now."""
        with transaction(self.engine) as session:
            outbox.sweep_deadlines(session)
        while taken := self._take():
            for row in taken:
                outbox.run(self, row.id, HANDLERS)

    def _take(self) -> list[outbox.Taken]:
        with transaction(self.engine) as session:
            return outbox.take(session)

    def later(self, **delta: float) -> datetime:
        """Step the clock, then work."""
        now = clock.step(timedelta(**delta))
        self.work()
        return now

    # ------------------------------------------------------------------ looking

    def request(self, request_id: UUID) -> Request:
        with transaction(self.engine) as session:
            return session.get_one(Request, request_id)

    def status(self, request_id: UUID) -> str:
        return self.request(request_id).status

    def task(self, request_id: UUID) -> Task:
        """The newest task of a request."""
        with transaction(self.engine) as session:
            found = sa.select(Task).where(Task.request_id == request_id).order_by(Task.id.desc())
            return session.scalars(found.limit(1)).one()

    def offer(self, offer_id: UUID) -> Offer:
        with transaction(self.engine) as session:
            return session.get_one(Offer, offer_id)

    def offers(self, request_id: UUID, status: str | None = None) -> list[Offer]:
        found = self.all(Offer, Offer.request_id == request_id)
        return [offer for offer in found if status in (None, offer.status)]

    def places(self, request_id: UUID) -> list[Place]:
        with transaction(self.engine) as session:
            found = sa.select(Place).join(Task).where(Task.request_id == request_id)
            return list(session.scalars(found.order_by(Task.id, Place.seq)))

    def events(self, request_id: UUID, machine: str = "request") -> list[Event]:
        return self.all(Event, Event.request_id == request_id, Event.machine == machine)

    def due(self, request_id: UUID, kind: str) -> list[datetime]:
        """The moments of a kind that are still to come, clocks that rest left out."""
        found = self.all(DueTime, DueTime.request_id == request_id, DueTime.kind == kind)
        return [
            due.due_at
            for due in found
            if due.fired_at is None and due.cancelled_at is None and due.paused_at is None
        ]

    def waiting(self, job: str) -> int:
        return len(self.all(Outbox, Outbox.job == job, Outbox.done_at.is_(None)))

    def all(self, model: Any, *where: Any) -> list[Any]:
        with transaction(self.engine) as session:
            return list(session.scalars(sa.select(model).where(*where).order_by(model.id)))

    def set(self, request_id: UUID, **values: Any) -> None:
        """Change a request's row behind the workflow's back."""
        with transaction(self.engine) as session:
            session.execute(sa.update(Request).where(Request.id == request_id).values(**values))

    def add(self, row: Base) -> None:
        with transaction(self.engine) as session:
            session.add(row)

    def run(self, work: Callable[[Session], Any]) -> Any:
        with transaction(self.engine) as session:
            return work(session)

    @staticmethod
    def _live_task(request_id: UUID) -> sa.Select[Task]:
        live = Task.status.in_(("open", "filled"))
        return sa.select(Task).where(Task.request_id == request_id, live)


def _accepted(town: Town, **facts: Any) -> UUID:
    request_id = town.submit(**facts)
    town.act(request_id, "accept")
    return request_id


def _dispatching(town: Town, people: int = 2, **facts: Any) -> UUID:
    request_id = _accepted(town, **facts)
    town.act(request_id, "dispatch", task={"people_needed": people})
    return request_id


def _assigned(town: Town, people: int = 2, **facts: Any) -> UUID:
    request_id = _dispatching(town, people, **facts)
    for helper in town.helpers[:people]:
        town.take_place(request_id, helper)
    return request_id


def _after(bring: Callable[..., UUID], action: str, **sent: Any) -> Callable[..., UUID]:
    def go(town: Town, **facts: Any) -> UUID:
        request_id = bring(town, **facts)
        # A lamp is work at a height: who does it does not check it.
        hers = ("confirm", "withdraw", "split")
        people = {**dict.fromkeys(hers, town.villager), "submit_result": town.deputy}
        town.act(request_id, action, people.get(action), **sent)
        return request_id

    return go


def other(town: Town) -> UUID:
    """The request of the town into which others can be merged."""
    known = town.all(Request, Request.id == OTHER)
    return OTHER if known else town.submit(id=OTHER)


def _merged(town: Town, **facts: Any) -> UUID:
    request_id = town.submit(**facts)
    town.act(request_id, "merge", into=other(town))
    return request_id


def _not_ours(town: Town, **facts: Any) -> UUID:
    return town.submit(category=None, **ELSEWHERE, **facts)


def _triage(town: Town, **facts: Any) -> UUID:
    return town.submit(category=None, **facts)


_in_progress = _after(_accepted, "handle")
_checking = _after(_in_progress, "submit_result", result="换了灯泡")
_resolved = _after(_checking, "resolve")


def _unresolved(town: Town, **facts: Any) -> UUID:
    request_id = _accepted(town, **facts)
    town.act(request_id, "ask_unresolved", reason="没有零件了")
    town.act(request_id, "countersign", town.chair, reason="没有零件了", advice="请打12345")
    return request_id


OTHER = UUID("01900000-0000-7000-8000-00000000000a")
BRING: dict[str, Callable[..., UUID]] = {
    "draft": Town.hold,
    "submitted": Town.submit,
    "triage": _triage,
    "needs_info": _after(_accepted, "ask", question="哪一盏？"),
    "accepted": _accepted,
    "dispatching": _dispatching,
    "assigned": _assigned,
    "in_progress": _in_progress,
    "suspended": _after(_accepted, "suspend", reason="weather", until=date(2027, 1, 8)),
    "checking": _checking,
    "resolved": _resolved,
    "closed": _after(_resolved, "confirm", solved="yes"),
    "rejected": _after(Town.submit, "reject", reason="spam", advice="请打12345"),
    "unresolved_closed": _unresolved,
    "withdrawn": _after(_accepted, "withdraw"),
    "merged": _merged,
    "not_ours": _not_ours,
    "split": _after(Town.submit, "split", parts=HALVES),
    "handed_over": _after(_accepted, "hand_over", receiver="供电所", basis="requester_consents"),
}
