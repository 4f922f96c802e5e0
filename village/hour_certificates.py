"""Papers on a volunteer's hours: asked for, checked, issued by the committee, and verified (3.8).

Only hours that are final count, and they cost nothing (条例 19, 办法 14-15). The committee's clerk
issues them (办法 26), for herself and her kin the township's officer. Within five working days [P].
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, clock, lines, workdays
from village.access import Actor, Grant
from village.clock import SHANGHAI
from village.errors import GuardFailed, LostRace, NotFound
from village.grounds import station_name
from village.models import HourCertificate, OrgUnit, Person, RoleGrant, ServiceRecord
from village.models.requests import RUNGS
from village.paging import Page, Window, cut, decode
from village.relations import CHAIR, CLERK, OWNER
from village.workflow import recusal
from village.workflow.hour_certificate import CERTIFICATE, OPEN

COUNTED = ("final", "corrected")
DAYS = 5  # working days [P]
AGAIN = timedelta(days=5)
CODE_DIGITS = 12
MOST = 100


@dataclass(frozen=True)
class View:
    """A paper as one caller meets it."""

    paper: HourCertificate
    relations: frozenset[str]
    unit: str
    holder: str

    @property
    def allowed_actions(self) -> list[str]:
        """What the caller may do now."""
        return CERTIFICATE.may(self.paper, self.relations)

    @property
    def minutes(self) -> int:
        """All that it says."""
        return sum(part["minutes"] for part in self.paper.parts)


# ---------------------------------------------------------------- asking for it


def request(session: Session, actor: Actor) -> View:
    """Ask for a paper on one's own hours.

    Raises GuardFailed `no_final_hours`, and LostRace `certificate_over` where one is asked for.
    """
    person = session.get_one(Person, actor.person_id, with_for_update={"key_share": True})
    mine = HourCertificate.person_id == person.id
    waits = sa.exists().where(mine, HourCertificate.status.in_(OPEN))
    if session.scalar(sa.select(waits)):
        raise LostRace("certificate_over", "one is asked for already")
    last = _last_village(session, person.id)
    if last is None:
        raise GuardFailed("no_final_hours", "no hours are final yet")
    paper = HourCertificate(
        person_id=person.id, village_code=last, status="requested", parts=[],
        unit_code=session.get_one(OrgUnit, last).parent_code, requested_at=clock.now(),
        due_at=workdays.end_of_working_day(clock.now(), DAYS),
    )  # fmt: skip
    session.add(paper)
    session.flush()
    lines.tell(session, _issuers(session, paper), "certificate_requested")
    return _view(session, paper, frozenset({OWNER}))


def _last_village(session: Session, person_id: UUID) -> str | None:
    """Return where she served last: its committee recorded it, and issues (办法 26)."""
    hers = ServiceRecord.person_id == person_id, ServiceRecord.status.in_(COUNTED)
    found = sa.select(ServiceRecord.village_code).where(*hers)
    return session.scalar(found.order_by(ServiceRecord.served_at.desc()).limit(1))


# ---------------------------------------------------------------- who


def _offices(session: Session, paper: HourCertificate) -> list[tuple[Grant, UUID]]:
    """Return who may issue it: the first of clerk and township's officer who is not too close."""
    unit: str | None = paper.unit_code
    for role in RUNGS[1:]:
        held = sa.select(RoleGrant.person_id).where(
            RoleGrant.role == role, RoleGrant.unit_code == unit, *recusal.in_term(RoleGrant)
        )
        free = [
            one
            for one in session.scalars(held.distinct())
            if not recusal.is_too_close(session, one, paper.person_id)
        ]
        if unit is None or free:
            return [(Grant(role, unit or ""), one) for one in free]
        unit = session.get_one(OrgUnit, unit).parent_code
    return []


def _issuers(session: Session, paper: HourCertificate) -> list[UUID]:
    return [person for _, person in _offices(session, paper)]


def relations(session: Session, actor: Actor, paper: HourCertificate) -> frozenset[str]:
    """Return how the caller stands to a paper: hers, issued by her office, or of her village."""
    if actor.person_id == paper.person_id:
        return frozenset({OWNER})
    found = {CHAIR} if actor.chairs(paper.village_code) else set()
    if any(one == actor.person_id for one in _issuers(session, paper)):
        found.add(CLERK)
    return frozenset(found)


# ---------------------------------------------------------------- reading


def list_mine(session: Session, actor: Actor, window: Window) -> Page[View]:
    """Return the caller's own, the newest first."""
    return _page(session, HourCertificate.person_id == actor.person_id, OWNER, window)


def list_handled(session: Session, actor: Actor, window: Window) -> Page[View]:
    """Return what the caller's committee has been asked for, or has issued."""
    units = [grant.unit for grant in actor.grants if grant.role == RUNGS[1]]
    towns = [grant.unit for grant in actor.grants if grant.role == RUNGS[2]]
    unit = HourCertificate.unit_code
    below = sa.select(OrgUnit.code).where(OrgUnit.parent_code.in_(towns))
    close = recusal.too_close(sa.literal(actor.person_id, sa.Uuid()), HourCertificate.person_id)
    clerk = sa.exists().where(
        RoleGrant.role == RUNGS[1], RoleGrant.unit_code == unit, *recusal.in_term(RoleGrant),
        ~recusal.too_close(RoleGrant.person_id, HourCertificate.person_id),
    ).correlate(HourCertificate)  # fmt: skip
    mine = sa.or_(unit.in_(units), sa.and_(unit.in_(below), ~clerk))
    return _page(session, sa.and_(mine, ~close), CLERK, window)


def _page(
    session: Session, which: sa.ColumnElement[bool], relation: str, window: Window
) -> Page[View]:
    found = (
        sa.select(HourCertificate, OrgUnit.name, Person.name)
        .join(OrgUnit, OrgUnit.code == HourCertificate.unit_code)
        .join(Person, Person.id == HourCertificate.person_id)
        .where(which)
    )
    if window.cursor:
        found = found.where(HourCertificate.id < UUID(decode(window.cursor, 1)[0]))
    rows = session.execute(found.order_by(HourCertificate.id.desc()).limit(window.limit + 1))
    views = [View(paper, frozenset({relation}), unit, name) for paper, unit, name in rows]
    return cut(views, window, lambda seen: [str(seen.paper.id)])


def read(session: Session, actor: Actor, paper_id: UUID) -> View:
    """Return a paper to who may read it. Raises NotFound."""
    paper = session.get(HourCertificate, paper_id)
    if paper is None:
        raise NotFound
    mine = relations(session, actor, paper)
    access.require("hour_certificate.read", mine)
    return _view(session, paper, mine)


def _view(session: Session, paper: HourCertificate, mine: frozenset[str]) -> View:
    unit = session.get_one(OrgUnit, paper.unit_code).name
    return View(paper, mine, unit, session.get_one(Person, paper.person_id).name)


def verify(session: Session, number: str, code: str) -> View:
    """Return what a paper says to who holds it, by number and code.

    Raises GuardFailed `certificate_unknown`, whichever of them is wrong.
    """
    found = session.scalar(sa.select(HourCertificate).where(HourCertificate.number == number))
    known = found.code if found is not None and found.code else "-" * CODE_DIGITS
    if not secrets.compare_digest(known, "".join(filter(str.isdigit, code))) or found is None:
        raise GuardFailed("certificate_unknown", "no paper has this number and code")
    return _view(session, found, frozenset())


# ---------------------------------------------------------------- steps


def check(session: Session, actor: Actor, paper_id: UUID) -> View:
    """Count her final hours: from now on the paper says just these.

    Raises NotFound, LostRace, GuardFailed `no_final_hours`.
    """
    paper, mine = _locked(session, actor, paper_id, "check")
    hers = ServiceRecord.person_id == paper.person_id, ServiceRecord.status.in_(COUNTED)
    rows = session.scalars(sa.select(ServiceRecord).where(*hers)).all()
    here = [row for row in rows if _committee(session, row.village_code) == paper.unit_code]
    if not here:
        raise GuardFailed("no_final_hours", "no hours are final yet")
    days = [row.served_at.astimezone(SHANGHAI).date() for row in here]
    paper.name = session.get_one(Person, paper.person_id).name
    paper.from_day, paper.to_day, paper.parts = min(days), max(days), _parts(here)
    paper.checked_by = actor.person_id
    return _view(session, paper, mine)


def _committee(session: Session, village: str) -> str | None:
    return session.get_one(OrgUnit, village).parent_code


def _parts(rows: list[ServiceRecord]) -> list[dict[str, Any]]:
    """Return minutes and times by station: never what was done for whom."""
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(row.station, []).append(row.minutes)
    return [
        {"what": station_name(station), "minutes": sum(each), "times": len(each)}
        for station, each in sorted(found.items())
    ]


def issue(session: Session, actor: Actor, paper_id: UUID) -> View:
    """Issue it, with a number and a code. Raises NotFound, LostRace."""
    paper, mine = _locked(session, actor, paper_id, "issue")
    paper.issued_by, paper.issued_at, paper.due_at = actor.person_id, clock.now(), None
    paper.number = f"ZM{clock.today():%Y%m%d}-{secrets.randbelow(10**8):08d}"
    paper.code = "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))
    lines.tell(session, [paper.person_id], "certificate_issued")
    return _view(session, paper, mine)


def refuse(session: Session, actor: Actor, paper_id: UUID, reason: str) -> View:
    """Refuse it, with a reason that she reads. Raises NotFound, LostRace."""
    return _end(session, actor, paper_id, "refuse", reason)


def revoke(session: Session, actor: Actor, paper_id: UUID, reason: str) -> View:
    """Revoke what was proven false; who verifies it is told so. Raises NotFound, LostRace."""
    return _end(session, actor, paper_id, "revoke", reason)


def _end(session: Session, actor: Actor, paper_id: UUID, step: str, reason: str) -> View:
    paper, mine = _locked(session, actor, paper_id, step)
    paper.reason, paper.ended_at, paper.due_at = reason, clock.now(), None
    lines.tell(session, [paper.person_id], f"certificate_{step}", reason=reason)
    return _view(session, paper, mine)


def _locked(
    session: Session, actor: Actor, paper_id: UUID, step: str
) -> tuple[HourCertificate, frozenset[str]]:
    """Return the paper in the state after the step; it is written once the step has said all."""
    paper = session.get(HourCertificate, paper_id, with_for_update=True)
    if paper is None:
        raise NotFound
    mine = relations(session, actor, paper)
    with session.no_autoflush:
        found = CERTIFICATE.take(session, paper, step, actor=actor, relations=mine)
    paper.status = found.target
    return paper, mine


# ---------------------------------------------------------------- the clock, and forgetting


def sweep(session: Session) -> int:
    """Say what waits too long, every five days. Returns how many were due."""
    due = sa.select(HourCertificate).where(HourCertificate.due_at <= clock.now()).limit(MOST)
    found = session.scalars(due.with_for_update(skip_locked=True)).all()
    for paper in found:
        paper.due_at = clock.now() + AGAIN
        told = {*_issuers(session, paper), *lines.officers(session, paper.village_code, None)}
        lines.tell(session, told - {paper.person_id}, "certificate_late")
    return len(found)


def forget(session: Session, person_id: UUID) -> None:
    """Forget her papers: what was printed can not be verified any more."""
    session.execute(sa.delete(HourCertificate).where(HourCertificate.person_id == person_id))


def day(value: date | None) -> str:
    """Return a day as papers have it."""
    return f"{value.year}年{value.month}月{value.day}日" if value else ""
