"""A village of the tests' own, its people, and one request on its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from notifications import jobs
from village import clock, offers, outbox
from village.access import THE_SYSTEM, Actor, Grant
from village.db import table, transaction
from village.ids import new_id
from village.models import (
    Category,
    Certificate,
    Delivery,
    Event,
    Membership,
    Notification,
    Offer,
    OrgUnit,
    Outbox,
    Person,
    Request,
    RoleGrant,
    Station,
    Task,
    Volunteer,
    WechatIdentity,
)
from village.models.org import STATIONS
from village.workflow.engine import apply, start
from village.workflow.request import REQUEST
from wechat.client import WechatClient

VILLAGE = "t-liuxi"
HANDLERS: dict[str, outbox.Handler] = {
    "notify.tell": jobs.tell,
    "slow.deliver": jobs.deliver,
}


@dataclass
class Context:
    engine: sa.Engine
    wechat: WechatClient


@dataclass
class House:
    """What a test does in the village; every step is committed, as in life."""

    engine: sa.Engine
    people: dict[str, Actor] = field(default_factory=dict)

    def build(self) -> None:
        with transaction(self.engine) as session:
            kind = {"code": VILLAGE, "kind": "natural_village", "name": "柳溪"}
            session.execute(sa.insert(table(OrgUnit)).values(kind))
            session.execute(
                sa.insert(table(Station)),
                [
                    {"village_code": VILLAGE, "kind": kind, "name": f"柳溪{kind}站"}
                    for kind in STATIONS
                ],
            )

    def person(
        self, name: str, *offices: tuple[str, str | None], days: int = 365, phone: bool = True
    ) -> Actor:
        """A person with offices (role, station) that end in `days` days."""
        person_id, now = new_id(), clock.now()
        with transaction(self.engine) as session:
            session.add(Person(id=person_id, name=name, village_code=VILLAGE, created_at=now))
            session.flush()
            if phone:
                openid = openid_of(person_id)
                session.add(WechatIdentity(openid=openid, person_id=person_id, created_at=now))
            for role, station in offices:
                session.add(_grant(person_id, role, station, days))
        grants = tuple(Grant(role, VILLAGE, station) for role, station in offices)
        return Actor(person_id, name, VILLAGE, grants, consent="2026-11")

    def volunteer(self, name: str) -> Actor:
        actor = self.person(name)
        with transaction(self.engine) as session:
            insured = clock.now().date() + timedelta(days=99)
            facts = {"insured_until": insured, "skills": ["电工证"]}
            session.add(Volunteer(person_id=actor.person_id, status="active", **facts))
            session.flush()
            paper = {"skill": "电工证", "checked_at": clock.now()}
            session.add(Certificate(person_id=actor.person_id, **paper))
            station = {"village_code": VILLAGE, "station": "public_works"}
            session.add(Membership(person_id=actor.person_id, since=clock.now(), **station))
            session.get_one(Person, actor.person_id).birth_year = 1980
        return Actor(actor.person_id, name, VILLAGE, volunteer=True)

    def submit(
        self,
        actor: Actor,
        category: str | None = "PUB-03",
        action: str = "submit",
        **facts: Any,
    ) -> Request:
        with transaction(self.engine) as session:
            found = session.get(Category, category) if category else None
            request = new_request(actor, found, **facts)
            start(session, REQUEST, request, action, actor=actor, payload={"category": found})
            return request

    def act(self, request: Request, action: str, actor: Actor, **payload: Any) -> Request:
        with transaction(self.engine) as session:
            found: Request = apply(
                session, REQUEST, request.id, action, actor=actor, payload=payload
            )
            return found

    def invite(self, request: Request, volunteer: Actor) -> Offer:
        with transaction(self.engine) as session:
            task = session.scalars(sa.select(Task).where(Task.request_id == request.id)).one()
            assert volunteer.person_id is not None
            expires_at = clock.now() + timedelta(hours=2)
            return offers.invite(session, task, volunteer.person_id, wave=1, expires_at=expires_at)

    def take_place(self, request: Request, volunteer: Actor) -> Offer:
        offer = self.invite(request, volunteer)
        with transaction(self.engine) as session:
            return offers.accept(session, volunteer, offer.id)

    def events(self, request: Request, action: str) -> Sequence[UUID]:
        with transaction(self.engine) as session:
            wanted = sa.select(Event.id).where(Event.request_id == request.id)
            return session.scalars(wanted.where(Event.action == action)).all()

    def inbox(self, actor: Actor) -> list[Notification]:
        with transaction(self.engine) as session:
            wanted = sa.select(Notification).where(Notification.person_id == actor.person_id)
            return list(session.scalars(wanted.order_by(Notification.id)))

    def titles(self, actor: Actor) -> list[str]:
        return [line.title for line in self.inbox(actor)]

    def deliveries(self, actor: Actor) -> list[Delivery]:
        with transaction(self.engine) as session:
            wanted = sa.select(Delivery).join(Notification)
            wanted = wanted.where(Notification.person_id == actor.person_id)
            return list(session.scalars(wanted.order_by(Delivery.id)))

    def waiting(self, job: str) -> list[Outbox]:
        with transaction(self.engine) as session:
            wanted = sa.select(Outbox).where(Outbox.job == job, Outbox.done_at.is_(None))
            return list(session.scalars(wanted.order_by(Outbox.due_at)))

    def work(self, context: Context, *jobs_done: str) -> None:
        """Do all jobs that are due, and those that follow from them at once."""
        while due := self._due(jobs_done or tuple(HANDLERS)):
            for outbox_id in due:
                outbox.run(context, outbox_id, HANDLERS)

    def _due(self, names: Sequence[str]) -> Sequence[UUID]:
        with transaction(self.engine) as session:
            return session.scalars(
                sa.select(Outbox.id)
                .where(Outbox.job.in_(names), Outbox.done_at.is_(None))
                .where(Outbox.due_at <= clock.wall())
                .order_by(Outbox.created_at)
            ).all()

    def let_time_pass(self) -> None:
        """Make every waiting job due."""
        with transaction(self.engine) as session:
            session.execute(sa.update(Outbox).values(due_at=clock.wall()))


def openid_of(person_id: UUID | None) -> str:
    return f"t-{person_id}"


def new_request(actor: Actor, category: Category | None, **facts: Any) -> Request:
    """A request as intake makes it, not yet written."""
    values = {
        "id": new_id(),
        "number": "QT20261122-0001",
        "village_code": VILLAGE,
        "station": category.station if category else None,
        "category": category.code if category else None,
        "requester_id": actor.person_id,
        "text": "村口到小学那段路灯坏了三盏",
        "answers": {},
        "hide_me": False,
        "sealed": False,
        "neutral": False,
        "consent_version": "2026-11",
        "priority": category.priority if category else "P3",
        "no_volunteer": False,
        "routing": {"decision": "routed" if category else "triage"},
        "transfers": 0,
        "reopened": 0,
        "created_at": clock.now(),
    }
    return Request(**{**values, **facts})


def _grant(person_id: UUID, role: str, station: str | None, days: int) -> RoleGrant:
    now = clock.now()
    return RoleGrant(
        person_id=person_id,
        role=role,
        unit_code=VILLAGE,
        station=station,
        valid_from=now - timedelta(days=400),
        valid_to=now + timedelta(days=days),
    )


__all__ = ["HANDLERS", "THE_SYSTEM", "VILLAGE", "Context", "House", "new_request", "openid_of"]
