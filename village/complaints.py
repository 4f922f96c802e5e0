"""Complaints about an officer: past her, to the rung above, and one up where nobody answers.

Who is complained about never learns of it here: no list, no line, no timeline of a request says
so (3.7, permissions 4.2). Who is her kin, or the complainant's, is passed over like her.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, clock, complaint_words, hours, lines, workdays
from village.access import Actor, Grant
from village.errors import Invalid, LostRace
from village.models import Complaint, ComplaintStep, OrgUnit, Person, Request, RoleGrant
from village.models.requests import RUNGS
from village.relations import HANDLER, OWNER
from village.workflow import recusal

# The lowest rung that may have it: heads' go to the chair, hers to the committee, on upwards.
FIRST = {"head": 0, "deputy": 0, "mediator": 1, "chair": 1, "council_chair": 1, "clerk": 2}
OF_STATION = ("head", "deputy")
ABOVE_VILLAGE = ("clerk",)
RECEIVE = timedelta(days=1)
ANSWER_DAYS, OFFICE_DAYS = 7, 15  # of the villages' rungs; working days of the township (3.7)
SAY = timedelta(days=15)  # in which she accepts the answer or puts it to the next rung
LEFT = timedelta(days=90)  # since she had herself erased
MOST_OPEN = 5  # of one person
MOST = 100  # of a list


@dataclass(frozen=True)
class ComplaintView:
    """A complaint as one caller meets it; without `name` she is hidden, or it is her own."""

    complaint: Complaint
    relations: frozenset[str]
    name: str | None
    steps: Sequence[ComplaintStep] = ()

    @property
    def allowed_actions(self) -> list[str]:
        """What the caller may do with it now."""
        complaint = self.complaint
        if HANDLER in self.relations:
            return {"filed": ["receive", "answer"], "received": ["answer"]}.get(
                complaint.status, []
            )
        if complaint.status != "answered":
            return []
        return ["close"] if complaint.raised or _is_last(complaint) else ["close", "raise"]


# ---------------------------------------------------------------- saying it


def file(session: Session, actor: Actor, sent: dict[str, Any]) -> ComplaintView:
    """Complain about the holder of an office of one's village, or of the one that had a request.

    Raises Invalid where nobody holds it, or she has said enough that is still open.
    """
    request = _my_request(session, actor, sent.get("request"))
    village = request.village_code if request else sent.get("village") or actor.village
    office, station = sent["office"], sent.get("station")
    if village is None or (office in OF_STATION) != (station is not None):
        raise Invalid(errors={"station": ["请选是哪个站的"]})
    about = _holders(session, village, office, station)
    if not about:
        raise Invalid(errors={"office": ["这个岗位现在没有人"]})
    if _count_open(session, actor) >= MOST_OPEN:
        raise Invalid(errors={"office": ["您已经有几件意见在办，等有了答复再说"]})
    complaint = Complaint(
        complainant_id=actor.person_id, hide_me=sent["hide_me"], village_code=village,
        office=office, station=station, about_ids=about, request_id=request and request.id,
        reason=sent["reason"], text=sent["text"], raised=False, created_at=clock.now(),
    )  # fmt: skip
    _put_to(session, complaint, FIRST[office])
    session.add(complaint)
    session.flush()
    _note(session, complaint, "file", actor.person_id)
    return _view(session, complaint, frozenset({OWNER}))


def _my_request(session: Session, actor: Actor, request_id: UUID | None) -> Request | None:
    if request_id is None:
        return None
    found = session.get(Request, request_id)
    if found is None or actor.person_id not in (found.requester_id, found.proxy_id):
        raise Invalid(errors={"request": ["没有这件事"]})
    return found


def _holders(session: Session, village: str, office: str, station: str | None) -> list[UUID]:
    unit = _units(session, village)[1] if office in ABOVE_VILLAGE else village
    held = sa.select(RoleGrant.person_id).where(
        RoleGrant.role == office, RoleGrant.unit_code == unit, *recusal.in_term(RoleGrant)
    )
    if office in OF_STATION:
        held = held.where(RoleGrant.station == station)
    return list(session.scalars(held.distinct()))


def _units(session: Session, village: str) -> list[str | None]:
    """Return the codes of the units of the three rungs above a village's officers."""
    found: list[str | None] = [village]
    while len(found) < len(RUNGS):
        unit = session.get(OrgUnit, found[-1]) if found[-1] else None
        found.append(unit.parent_code if unit else None)
    return found


def _count_open(session: Session, actor: Actor) -> int:
    mine = sa.select(sa.func.count()).where(
        Complaint.complainant_id == actor.person_id, Complaint.status.in_(("filed", "received"))
    )
    return session.scalar(mine) or 0


# ---------------------------------------------------------------- who has it


def _put_to(session: Session, complaint: Complaint, rung: int) -> None:
    """Put it to the first rung from `rung` on where somebody may have it; else to the last."""
    units = _units(session, complaint.village_code)
    for place in range(rung, len(RUNGS)):
        unit = units[place]
        if unit is None:
            continue
        complaint.rung, complaint.unit_code = RUNGS[place], unit
        if found := _handlers(session, complaint):
            village = session.get_one(OrgUnit, complaint.village_code).name
            lines.tell(session, found, "complaint_new", place=village)
            break
    complaint.status, complaint.due_at = "filed", clock.now() + RECEIVE


def _handlers(session: Session, complaint: Complaint) -> list[UUID]:
    held = sa.select(RoleGrant.person_id).where(
        RoleGrant.role == complaint.rung,
        RoleGrant.unit_code == complaint.unit_code,
        *recusal.in_term(RoleGrant),
    )
    found = session.scalars(held.distinct()).all()
    return [one for one in found if not _is_barred(session, complaint, one)]


def _is_barred(session: Session, complaint: Complaint, person_id: UUID) -> bool:
    parties = (*complaint.about_ids, complaint.complainant_id)
    return any(recusal.is_too_close(session, person_id, party) for party in parties)


def _is_last(complaint: Complaint) -> bool:
    return complaint.rung == RUNGS[-1]


def relations(session: Session, actor: Actor, complaint: Complaint) -> frozenset[str]:
    """Return how the caller stands to a complaint; who it is about stands in no way to it."""
    if actor.person_id == complaint.complainant_id:
        return frozenset({OWNER})
    if Grant(complaint.rung, complaint.unit_code) not in actor.grants or actor.person_id is None:
        return frozenset()
    barred = _is_barred(session, complaint, actor.person_id)
    return frozenset() if barred else frozenset({HANDLER})


# ---------------------------------------------------------------- reading


def list_mine(session: Session, actor: Actor) -> list[ComplaintView]:
    """Return what the caller has said, the newest first: a hundred at most."""
    return _list(session, actor, Complaint.complainant_id == actor.person_id)


def list_handled(session: Session, actor: Actor) -> list[ComplaintView]:
    """Return what lies with an office of the caller's, the newest first: a hundred at most."""
    offices = [(grant.role, grant.unit) for grant in actor.grants if grant.role in RUNGS]
    here = sa.tuple_(Complaint.rung, Complaint.unit_code).in_(offices)
    return _list(session, actor, here if offices else sa.false())


def _list(session: Session, actor: Actor, where: sa.ColumnElement[bool]) -> list[ComplaintView]:
    found = session.scalars(sa.select(Complaint).where(where).order_by(Complaint.id.desc()))
    seen = ((one, relations(session, actor, one)) for one in found.fetchmany(MOST))
    return [_view(session, one, mine, steps=False) for one, mine in seen if mine]


def read(session: Session, actor: Actor, complaint_id: UUID) -> ComplaintView:
    """Return a complaint to her who made it or who has it. Raises NotFound for all others."""
    complaint = session.get(Complaint, complaint_id)
    mine = relations(session, actor, complaint) if complaint else frozenset()
    access.require("complaint.read", mine)
    return _view(session, complaint, mine)  # type: ignore[arg-type]


def _view(
    session: Session, complaint: Complaint, mine: frozenset[str], *, steps: bool = True
) -> ComplaintView:
    hidden = complaint.hide_me or OWNER in mine
    name = None if hidden else session.get_one(Person, complaint.complainant_id).name
    own = ComplaintStep.complaint_id == complaint.id
    found = sa.select(ComplaintStep).where(own).order_by(ComplaintStep.id)
    return ComplaintView(complaint, mine, name, session.scalars(found).all() if steps else ())


# ---------------------------------------------------------------- steps


def receive(session: Session, actor: Actor, complaint_id: UUID) -> ComplaintView:
    """Sign for it: from now on there are seven days to answer. Raises NotFound, LostRace."""
    complaint, mine = _mine(session, actor, complaint_id, "complaint.handle", "filed")
    complaint.status, complaint.due_at = "received", _answer_by(session, complaint)
    _note(session, complaint, "receive", actor.person_id)
    lines.tell(session, [complaint.complainant_id], "complaint_received")
    return _view(session, complaint, mine)


def answer(session: Session, actor: Actor, complaint_id: UUID, text: str) -> ComplaintView:
    """Tell her what came of it. Raises NotFound, LostRace."""
    complaint, mine = _mine(session, actor, complaint_id, "complaint.handle", "filed", "received")
    complaint.status, complaint.answer, complaint.due_at = "answered", text, clock.now() + SAY
    _note(session, complaint, "answer", actor.person_id, text)
    lines.tell(session, [complaint.complainant_id], "complaint_answered")
    return _view(session, complaint, mine)


def close(session: Session, actor: Actor, complaint_id: UUID) -> ComplaintView:
    """The complainant is content with the answer. Raises NotFound, LostRace."""
    complaint, mine = _mine(session, actor, complaint_id, "complaint.decide", "answered")
    _close(session, complaint, "close", actor.person_id)
    return _view(session, complaint, mine)


def raise_again(session: Session, actor: Actor, complaint_id: UUID, text: str) -> ComplaintView:
    """She is not content: the next rung looks at it, once (3.7). Raises NotFound, LostRace."""
    complaint, mine = _mine(session, actor, complaint_id, "complaint.decide", "answered")
    if complaint.raised or _is_last(complaint):
        raise LostRace("complaint_over", "there is no rung above")
    complaint.raised = True
    _climb(session, complaint, "raise", actor.person_id, text)
    return _view(session, complaint, mine)


def _mine(
    session: Session, actor: Actor, complaint_id: UUID, permission: str, *states: str
) -> tuple[Complaint, frozenset[str]]:
    complaint = session.get(Complaint, complaint_id, with_for_update=True)
    mine = relations(session, actor, complaint) if complaint else frozenset()
    access.require(permission, mine)
    if complaint is None or complaint.status not in states:
        raise LostRace("complaint_over", "it is in another state")
    return complaint, mine


def _answer_by(session: Session, complaint: Complaint) -> datetime:
    if _is_last(complaint):
        return workdays.end_of_working_day(clock.now(), OFFICE_DAYS)
    when = hours.of(session, complaint.village_code)
    return clock.end_of_service_day(clock.now(), ANSWER_DAYS, when)


def _climb(
    session: Session, complaint: Complaint, step: str, by: UUID | None, text: str | None = None
) -> None:
    _put_to(session, complaint, RUNGS.index(complaint.rung) + 1)
    _note(session, complaint, step, by, text)


def _close(session: Session, complaint: Complaint, step: str, by: UUID | None) -> None:
    complaint.status = "closed"
    _note(session, complaint, step, by)
    if session.get_one(Person, complaint.complainant_id).erased_at is not None:
        complaint_words.forget(session, [complaint.id])


def _note(
    session: Session, complaint: Complaint, step: str, by: UUID | None, text: str | None = None
) -> None:
    facts = {"step": step, "by_id": by, "rung": complaint.rung, "text": text}
    session.add(ComplaintStep(complaint_id=complaint.id, at=clock.now(), **facts))
    session.flush()


# ---------------------------------------------------------------- the clock


def sweep(session: Session) -> int:
    """Put one rung up what nobody received or answered in time; close what she left answered.

    On the last rung those who have it are reminded instead. Returns how many were due.
    """
    due = sa.select(Complaint).where(Complaint.status != "closed", Complaint.due_at <= clock.now())
    found = session.scalars(due.limit(MOST).with_for_update(skip_locked=True)).all()
    for complaint in found:
        _over(session, complaint)
    return len(found)


def _is_left(session: Session, complaint: Complaint) -> bool:
    """Nobody waits for the answer any more, and nobody has given one: her words go with it."""
    gone = session.get_one(Person, complaint.complainant_id).erased_at
    return gone is not None and _is_last(complaint) and clock.now() - gone >= LEFT


def _over(session: Session, complaint: Complaint) -> None:
    if complaint.status == "answered" or _is_left(session, complaint):
        _close(session, complaint, "lapse", None)
    elif _is_last(complaint):
        complaint.due_at = clock.now() + RECEIVE
        lines.tell(session, _handlers(session, complaint), "complaint_late")
    else:
        _climb(session, complaint, "climb", None)
        lines.tell(session, [complaint.complainant_id], "complaint_up")
