"""Insurance, training and certificates with their validity: two people have seen each paper.

The head (or the chair) enters what she was shown, another confirms it: the chair, or the head
for what the chair entered (4.2: the station proposes, the association approves). Only then does
it open tasks to the volunteer (rules 2.3, art. 16, 17); she is told, and so is she before it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from village import access, clock, lines, outbox, registrations
from village.access import Actor
from village.db import table
from village.errors import GuardFailed, Invalid, LostRace, NotFound
from village.models import Certificate, Membership, Paper, Volunteer
from village.timeline import word

SOON = timedelta(days=30)  # before the end of a paper its volunteer and her station are told
OF_VOLUNTEER = {"insurance": "insured_until", "training": "trained_until"}
NO_END = date(9999, 12, 31)
MOST = 200


def enter(
    session: Session, actor: Actor, village: str, kind: str, person_id: UUID, sent: dict[str, Any]
) -> Paper:
    """Enter a paper of a volunteer of the station; it counts for nothing yet.

    Raises NotFound, Forbidden, Invalid for days that do not fit: one that is over, or that would
    leave a gap after the one before.
    """
    _of_station(session, actor, village, kind, person_id, "paper.enter")
    volunteer = session.get_one(Volunteer, person_id)
    _check(sent, volunteer)
    paper = Paper(
        person_id=person_id, village_code=village, station=kind, entered_by=actor.person_id,
        by_chair=actor.chairs(village), entered_at=clock.now(), **sent,
    )  # fmt: skip
    session.add(paper)
    session.flush()
    return paper


def _check(sent: dict[str, Any], volunteer: Volunteer) -> None:
    ends, today = sent["valid_until"], clock.today()
    if (sent["kind"] == "certificate") != (sent["skill"] is not None):
        raise Invalid(errors={"skill": ["证书要写明是哪一样本领"]})
    if ends is None and sent["kind"] == "insurance":
        raise Invalid(errors={"valid_until": ["保险要写明到哪一天"]})
    if ends is not None and not today <= ends <= today + timedelta(days=3660):
        raise Invalid(errors={"valid_until": ["请写一个没有过去、十年以内的日子"]})
    before = getattr(volunteer, OF_VOLUNTEER.get(sent["kind"], ""), None)
    if sent["valid_from"] > max(today, (before or today) + timedelta(days=1)):
        raise Invalid(errors={"valid_from": ["还没有生效，请到生效那天再登记"]})
    if ends is not None and sent["valid_from"] > ends:
        raise Invalid(errors={"valid_from": ["开始的日子比结束的还晚"]})


def _of_station(
    session: Session, actor: Actor, village: str, kind: str, person_id: UUID, permission: str
) -> None:
    access.require(permission, access.station_relations(actor, village, kind))
    hers = sa.exists().where(
        Membership.person_id == person_id, Membership.village_code == village,
        Membership.station == kind, Membership.active,
        Volunteer.person_id == Membership.person_id, Volunteer.status.in_(("verified", "active")),
    )  # fmt: skip
    if not session.scalar(sa.select(hers)):
        raise NotFound


def list_of(
    session: Session, actor: Actor, village: str, kind: str, person_id: UUID
) -> Sequence[Paper]:
    """Return a volunteer's papers, the newest first. Raises NotFound, Forbidden."""
    _of_station(session, actor, village, kind, person_id, "paper.list")
    hers = sa.select(Paper).where(Paper.person_id == person_id).order_by(Paper.id.desc())
    return session.scalars(hers.limit(MOST)).all()


def confirm(
    session: Session, actor: Actor, village: str, kind: str, person_id: UUID, paper_id: UUID
) -> Paper:
    """Confirm a paper as the second person: from now on it counts.

    Raises NotFound, Forbidden, LostRace, and GuardFailed `second_person_needed`.
    """
    _of_station(session, actor, village, kind, person_id, "paper.confirm")
    paper = _locked(session, person_id, paper_id)
    if paper.entered_by == actor.person_id or not (paper.by_chair or actor.chairs(village)):
        raise GuardFailed("second_person_needed", "another person must confirm this")
    if person_id == actor.person_id:
        raise GuardFailed("second_person_needed", "nobody confirms her own paper")
    if paper.confirmed_at is not None or paper.revoked_at is not None:
        raise LostRace("paper_over", "it was confirmed or taken back")
    paper.confirmed_by, paper.confirmed_at = actor.person_id, clock.now()
    session.flush()
    _count(session, paper)
    what, until = word("paper", paper.kind), _day(paper.valid_until)
    lines.tell(session, [person_id], "paper_confirmed", what=what, until=until)
    registrations.try_activate(session, person_id)
    outbox.put(session, "dispatch.freed", person_id)
    return paper


def revoke(
    session: Session, actor: Actor, village: str, kind: str, person_id: UUID, paper_id: UUID
) -> Paper:
    """Take back a paper that was wrong. Raises NotFound, Forbidden, LostRace."""
    _of_station(session, actor, village, kind, person_id, "paper.enter")
    paper = _locked(session, person_id, paper_id)
    if paper.revoked_at is not None:
        raise LostRace("paper_over", "it was taken back before")
    paper.revoked_by, paper.revoked_at = actor.person_id, clock.now()
    session.flush()
    if paper.confirmed_at is not None:
        _count(session, paper)
        lines.tell(session, [person_id], "paper_revoked", what=word("paper", paper.kind))
    return paper


def _locked(session: Session, person_id: UUID, paper_id: UUID) -> Paper:
    paper = session.get(Paper, paper_id, with_for_update=True, populate_existing=True)
    if paper is None or paper.person_id != person_id:
        raise NotFound
    return paper


# ---------------------------------------------------------------- what counts


def _count(session: Session, paper: Paper) -> None:
    """Write until when she is insured, trained or certified by the papers that are in force.

    What the roster says beyond that stays, unless this very paper said so and is taken back.
    """
    until = _until(session, paper)
    if paper.kind == "certificate":
        _certify(session, paper, until)
        return
    column = OF_VOLUNTEER[paper.kind]
    volunteer = session.get_one(Volunteer, paper.person_id, with_for_update=True)
    said = getattr(volunteer, column)
    if paper.revoked_at is None or said == (paper.valid_until or NO_END):
        kept = max(filter(None, (said, until)), default=None) if paper.revoked_at is None else until
        setattr(volunteer, column, kept)
        volunteer.version += 1


def _until(session: Session, paper: Paper) -> date | None:
    """Return the last day of the papers of its kind in force; NO_END for one without an end."""
    same = sa.select(sa.func.max(sa.func.coalesce(Paper.valid_until, NO_END))).where(
        Paper.person_id == paper.person_id, Paper.kind == paper.kind,
        Paper.skill.is_not_distinct_from(paper.skill),
        Paper.confirmed_at.is_not(None), Paper.revoked_at.is_(None),
    )  # fmt: skip
    return session.scalar(same)


def _certify(session: Session, paper: Paper, until: date | None) -> None:
    hers = (Certificate.person_id == paper.person_id, Certificate.skill == paper.skill)
    if until is None:
        session.execute(sa.delete(Certificate).where(*hers))
        return
    row = {
        "person_id": paper.person_id, "skill": paper.skill,
        "valid_until": None if until == NO_END else until,
        "checked_by": paper.confirmed_by, "checked_at": clock.now(),
    }  # fmt: skip
    seen = insert(table(Certificate)).values(row)
    changed = {name: row[name] for name in ("valid_until", "checked_by", "checked_at")}
    session.execute(seen.on_conflict_do_update(index_elements=["person_id", "skill"], set_=changed))


# ---------------------------------------------------------------- before it ends


def remind(session: Session) -> int:
    """Tell volunteers and their stations of papers that end within a month, once each."""
    ending = sa.select(Paper).where(
        Paper.confirmed_at.is_not(None), Paper.revoked_at.is_(None), Paper.reminded_at.is_(None),
        Paper.valid_until.between(clock.today(), clock.today() + SOON),
    )  # fmt: skip
    found = session.scalars(ending.limit(MOST).with_for_update(skip_locked=True)).all()
    for paper in found:
        paper.reminded_at = clock.now()
        told = [paper.person_id, *lines.officers(session, paper.village_code, paper.station)]
        facts = {"what": word("paper", paper.kind), "until": _day(paper.valid_until)}
        lines.tell(session, told, "paper_ends", **facts)
    return len(found)


def _day(day: date | None) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if day else word("paper", "no_end")
