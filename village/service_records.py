"""Service records: a volunteer's minutes, on the word of a second person (3.8, rules 2.3).

She wrote the minutes when the work was done; the head or the chair confirms them, never she
herself nor who is close to her. They are posted for three days to her and to those who were there
with her; who disputes them is answered by a third person. Nothing is confirmed by silence: after
seven working days the station is told, after ten its chair as well, until somebody does it.
Nowhere are people put side by side by their minutes (restraint N10).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, clock, form_times, lines, workdays
from village.access import Actor
from village.db import changed
from village.errors import NotFound
from village.grounds import station_name
from village.models import Person, Place, ServiceRecord, ServiceRecordStep, Task
from village.paging import Page, Window, cut, decode
from village.relations import CHAIR, HEAD, OWNER, VOLUNTEER
from village.workflow import recusal
from village.workflow.service_record import RECORD

POSTED = timedelta(days=3)
WARN_DAYS, RECORD_DAYS = 7, 10  # working days after the activity (民政部令67, art. 11)
AGAIN = timedelta(days=5)  # between two words about one that is late
REACH = timedelta(days=30)  # what was done before is too old to be written down by itself
MOST = 100
BY_OFFICE = frozenset({HEAD, CHAIR})


@dataclass(frozen=True)
class RecordView:
    """A record as one caller meets it; `name` is None to who was only there with her."""

    record: ServiceRecord
    relations: frozenset[str]
    me: UUID | None
    name: str | None
    steps: Sequence[ServiceRecordStep] = ()

    @property
    def allowed_actions(self) -> list[str]:
        """What the caller may do with it now."""
        out = self.me in (self.record.confirmed_by, self.record.disputed_by)
        found = RECORD.may(self.record, self.relations)
        return [step for step in found if not (step == "correct" and out)]


# ---------------------------------------------------------------- writing it down


def draft(session: Session) -> int:
    """Write a draft for each completed place that has none; return how many.

    By looking for what lacks one, so that nothing that is lost on the way loses her minutes.
    """
    has_one = sa.exists().where(
        ServiceRecord.task_id == Place.task_id, ServiceRecord.person_id == Place.person_id
    )
    recent = Place.completed_at > clock.now() - REACH
    lacking = (
        sa.select(Place, Task)
        .join(Task, Task.id == Place.task_id)
        .where(Place.status == "completed", recent, ~has_one)
        .order_by(Place.completed_at)
    )
    found = session.execute(lacking.limit(MOST)).all()
    for place, task in found:
        _draft(session, place, task)
    return len(found)


def _draft(session: Session, place: Place, task: Task) -> None:
    served = place.completed_at or clock.now()
    record = ServiceRecord(
        task_id=task.id, person_id=place.person_id, village_code=task.village_code,
        station=task.station, minutes=min(place.minutes or 0, 1440), status="drafted",
        served_at=served, due_at=workdays.end_of_working_day(served, WARN_DAYS), reminded=False,
    )  # fmt: skip
    session.add(record)
    session.flush()
    _note(session, record, "draft", place.person_id)


def _note(
    session: Session, record: ServiceRecord, step: str, by: UUID | None, text: str | None = None
) -> None:
    facts = {"step": step, "by_id": by, "minutes": record.minutes, "text": text}
    session.add(ServiceRecordStep(record_id=record.id, at=clock.now(), **facts))
    session.flush()


# ---------------------------------------------------------------- who


def relations(session: Session, actor: Actor, record: ServiceRecord) -> frozenset[str]:
    """Return how the caller stands to a record; by an office she does not to her kin's."""
    if actor.person_id is None:
        return frozenset()
    if actor.person_id == record.person_id:
        return frozenset({OWNER})
    found = access.station_relations(actor, record.village_code, record.station)
    if found and recusal.is_too_close(session, actor.person_id, record.person_id):
        found = frozenset()
    was_there = record.status == "posted" and _was_there(session, actor.person_id, record)
    return found | {VOLUNTEER} if was_there else found


def _was_there(session: Session, me: UUID, record: ServiceRecord) -> bool:
    hers = sa.exists().where(
        Place.task_id == record.task_id, Place.person_id == me, Place.status == "completed"
    )
    return bool(session.scalar(sa.select(hers)))


def _officers(session: Session, record: ServiceRecord, *, chair: bool) -> set[UUID]:
    """The station's officers, and where they are too few or too late the chair."""
    found = _free(session, record, lines.officers(session, record.village_code, record.station))
    if chair or not found:
        found |= _free(session, record, lines.officers(session, record.village_code, None))
    return found


def _free(session: Session, record: ServiceRecord, people: Iterable[UUID]) -> set[UUID]:
    out = (record.confirmed_by, record.disputed_by) if record.status == "disputed" else ()
    return {
        one
        for one in people
        if one not in out and not recusal.is_too_close(session, one, record.person_id)
    }


# ---------------------------------------------------------------- reading


def list_mine(session: Session, actor: Actor, window: Window) -> Page[RecordView]:
    """Return the caller's own records, the newest first."""
    mine = ServiceRecord.person_id == actor.person_id
    return _list(session, actor, mine, frozenset({OWNER}), window)


def list_handled(session: Session, actor: Actor, window: Window) -> Page[RecordView]:
    """Return what waits at the caller's stations, and is not her own or her kin's."""
    waits = ServiceRecord.status.in_(("drafted", "posted", "disputed"))
    close = recusal.too_close(sa.literal(actor.person_id, sa.Uuid()), ServiceRecord.person_id)
    return _list(session, actor, sa.and_(waits, _mine(actor), ~close), BY_OFFICE, window)


def _mine(actor: Actor) -> sa.ColumnElement[bool]:
    at = {(grant.unit, grant.station) for grant in actor.grants if grant.role in ("head", "deputy")}
    chaired = [grant.unit for grant in actor.grants if grant.role == "chair"]
    here = sa.tuple_(ServiceRecord.village_code, ServiceRecord.station).in_(sorted(at))
    return sa.or_(ServiceRecord.village_code.in_(chaired), here if at else sa.false())


def list_shared(session: Session, actor: Actor, window: Window) -> Page[RecordView]:
    """Return what is posted now of those who were with the caller at a task."""
    mine = sa.exists().where(
        Place.task_id == ServiceRecord.task_id,
        Place.person_id == actor.person_id,
        Place.status == "completed",
    )
    others = sa.and_(ServiceRecord.status == "posted", ServiceRecord.person_id != actor.person_id)
    return _list(session, actor, sa.and_(others, mine), frozenset({VOLUNTEER}), window)


def _list(
    session: Session, actor: Actor, where: sa.ColumnElement[bool], mine: frozenset[str],
    window: Window,
) -> Page[RecordView]:  # fmt: skip
    found = sa.select(ServiceRecord, Person.name).join(Person, Person.id == ServiceRecord.person_id)
    if window.cursor:
        found = found.where(ServiceRecord.id < UUID(decode(window.cursor, 1)[0]))
    newest = found.where(where).order_by(ServiceRecord.id.desc()).limit(window.limit + 1)
    views = [
        RecordView(record, mine, actor.person_id, None if mine == {VOLUNTEER} else name)
        for record, name in session.execute(newest)
    ]
    return cut(views, window, lambda seen: [str(seen.record.id)])


def read(session: Session, actor: Actor, record_id: UUID) -> RecordView:
    """Return a record to her whose it is, and to those who may check it. Raises NotFound."""
    record = session.get(ServiceRecord, record_id)
    if record is None:
        raise NotFound
    mine = relations(session, actor, record)
    access.require("service_record.read", mine)
    return _view(session, actor, record, mine)


def _view(
    session: Session, actor: Actor, record: ServiceRecord, mine: frozenset[str]
) -> RecordView:
    if not mine & (BY_OFFICE | {OWNER}):
        return RecordView(record, mine, actor.person_id, None)
    own = ServiceRecordStep.record_id == record.id
    steps = session.scalars(sa.select(ServiceRecordStep).where(own).order_by(ServiceRecordStep.id))
    name = session.get_one(Person, record.person_id).name
    return RecordView(record, mine, actor.person_id, name, steps.all())


# ---------------------------------------------------------------- steps


def confirm(session: Session, actor: Actor, record_id: UUID) -> RecordView:
    """Confirm the minutes as the second person: they are posted. Raises NotFound, LostRace."""
    record, mine = _locked(session, actor, record_id, "confirm")
    record.confirmed_by, record.status = actor.person_id, "posted"
    record.due_at, record.reminded = clock.now() + POSTED, False
    _note(session, record, "confirm", actor.person_id)
    _tell(session, record, [record.person_id], "record_posted")
    return _view(session, actor, record, mine)


def dispute(session: Session, actor: Actor, record_id: UUID, text: str) -> RecordView:
    """Say that the minutes are wrong: a third person looks at it within ten working days."""
    record, mine = _locked(session, actor, record_id, "dispute")
    record.disputed_by, record.status, record.reminded = actor.person_id, "disputed", False
    record.due_at = workdays.end_of_working_day(clock.now(), RECORD_DAYS)
    _note(session, record, "dispute", actor.person_id, text)
    _tell(session, record, _officers(session, record, chair=True), "record_disputed")
    _tell(session, record, {record.person_id} - {actor.person_id}, "record_heard")
    return _view(session, actor, record, mine)


def correct(session: Session, actor: Actor, record_id: UUID, minutes: int, text: str) -> RecordView:
    """Judge a dispute: the minutes as they are now known, and why. It is over with that.

    Raises NotFound, LostRace, and GuardFailed for who confirmed or disputed it.
    """
    record, mine = _locked(session, actor, record_id, "correct")
    record.minutes, record.status, record.due_at = minutes, "corrected", None
    _note(session, record, "correct", actor.person_id, text)
    _tell(session, record, [record.person_id], "record_corrected")
    return _view(session, actor, record, mine)


def _locked(
    session: Session, actor: Actor, record_id: UUID, step: str
) -> tuple[ServiceRecord, frozenset[str]]:
    record = session.get(ServiceRecord, record_id, with_for_update=True)
    mine = relations(session, actor, record) if record else frozenset()
    if record is None:
        raise NotFound
    RECORD.take(session, record, step, actor=actor, relations=mine)
    return record, mine


def _tell(session: Session, record: ServiceRecord, people: Iterable[UUID], kind: str) -> None:
    station = station_name(record.station)
    lines.tell(session, people, kind, station=station, minutes=str(record.minutes))


# ---------------------------------------------------------------- the clock


def sweep(session: Session) -> int:
    """End what was posted for three days; say what waits too long. Returns how many were due."""
    due = sa.select(ServiceRecord).where(ServiceRecord.due_at <= clock.now())
    oldest = due.order_by(ServiceRecord.due_at).limit(MOST)
    found = session.scalars(oldest.with_for_update(skip_locked=True)).all()
    for record in found:
        _over(session, record)
    return len(found)


def _over(session: Session, record: ServiceRecord) -> None:
    if record.status == "posted":
        record.status, record.due_at = "final", None
        _note(session, record, "finish", None)
    elif record.status == "drafted" and not record.reminded:
        record.reminded = True
        record.due_at = workdays.end_of_working_day(record.served_at, RECORD_DAYS)
        _tell(session, record, _officers(session, record, chair=False), "record_due")
    else:
        record.due_at = clock.now() + AGAIN
        _tell(session, record, _officers(session, record, chair=True), "record_late")


# ---------------------------------------------------------------- forgetting


def forget_words(session: Session, person_id: UUID) -> None:
    """Forget what was said about her minutes, and by her; the minutes stay without a name."""
    hers = sa.select(ServiceRecord.id).where(ServiceRecord.person_id == person_id)
    said = sa.or_(ServiceRecordStep.record_id.in_(hers), ServiceRecordStep.by_id == person_id)
    session.execute(sa.update(ServiceRecordStep).where(said).values(text=None))


def purge(session: Session) -> int:
    """Forget the words of disputes that are over as long as those of requests (F-BASE, 2 years).

    The minutes stay, and that there was a dispute. Returns how many words.
    """
    kept = form_times.longest(form_times.BASE)
    if kept is None:
        return 0
    over = sa.select(ServiceRecord.id).where(ServiceRecord.status.in_(("final", "corrected")))
    old = ServiceRecordStep.at < clock.now() - kept, ServiceRecordStep.text.is_not(None)
    gone = sa.update(ServiceRecordStep).where(ServiceRecordStep.record_id.in_(over), *old)
    return changed(session, gone.values(text=None))
