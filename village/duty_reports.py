"""What must be reported by law: raised by who sees it, told to an authority by the clerk (2.10).

A child in danger within the hour, the rest within two. The clerk enters whom she told and what
they answered; that nothing need be reported takes her word and the chair's. Nobody who is close
to the person of its request, or to whom it is about, finds it; where no clerk may, the
township's officer has her part. A request has one report: what others say of it is kept beside
the first word, so that none stands in the way of another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from village import access, access_log, clock, keys, lines
from village.access import Actor
from village.db import table
from village.errors import GuardFailed, Invalid, LostRace
from village.ids import least_id, new_id
from village.models import DutyReport, OrgUnit, Person, Request, RoleGrant
from village.relations import CHAIR, CLERK, HEAD, MEDIATOR, VOLUNTEER
from village.safe_path import is_safe_path
from village.workflow import recusal
from village.workflow.request import REQUEST

WITHIN = {"child": timedelta(hours=1), "violence": timedelta(hours=2), "danger": timedelta(hours=2)}
AGAIN = timedelta(days=1)
LOOK_BACK = timedelta(days=2)  # for requests that the sweep has not seen
MOST = 100
MOST_WORDS = 4000
FIELD = "duty_report"  # the name under which a read is noted for her whose request it is


@dataclass(frozen=True)
class ReportView:
    """A report as an office meets it; in lists and for who only raised it without its words."""

    report: DutyReport
    relations: frozenset[str]
    words: str | None = None

    @property
    def allowed_actions(self) -> list[str]:
        """What the caller may do with it now."""
        report, found = self.report, []
        if CLERK in self.relations:
            steps = {"raised": ["report", "dismiss"], "reported": ["receipt"]}
            found = steps.get(report.status, [])
            found = [one for one in found if one != "dismiss" or report.dismiss_reason is None]
        if CHAIR in self.relations and report.status == "raised" and report.dismiss_reason:
            found = [*found, "confirm_dismissal"]
        return found


# ---------------------------------------------------------------- raising


def raise_alarm(session: Session, actor: Actor, sent: dict[str, Any]) -> ReportView:
    """Say that something must be reported: an officer or a volunteer of the village (4.2).

    About a request only who may read it; the time is that of the most urgent that was said.
    `about`: names of whom it is about, each for everybody in the village who bears it.
    Raises Forbidden, Invalid.
    """
    request = _known_request(session, actor, sent.get("request"))
    village = request.village_code if request else sent.get("village") or actor.village
    access.require("duty_report.raise", raiser_relations(session, actor, village))
    report = _kept(
        session, sent["kind"], village_code=village, station=_station(actor, village, request),
        request_id=request and request.id, raised_by=actor.person_id,
    )  # fmt: skip
    named = _bearers(session, report.village_code, sent.get("about") or ())
    report.about_ids = sorted({*report.about_ids, *named})
    words = [_words(report), sent["text"]] if report.words_sealed else [sent["text"]]
    if len(said := "\n".join(words)) > MOST_WORDS:
        raise Invalid(errors={"text": ["这件事已经写了很多，再有新情况请打110"]})
    report.words_sealed = keys.ring().seal(said.encode(), _bound(report.id))
    _ring(session, report, "duty_report_raised")
    return ReportView(report, frozenset())


def _kept(session: Session, kind: str, **facts: Any) -> DutyReport:
    """Write a report, or find the one of its request: as urgent as this, and alive again."""
    reports, now = table(DutyReport), clock.now()
    row = {"id": new_id(), "kind": kind, "status": "raised", "raised_at": now, **facts}
    row["due_at"] = due = now + WITHIN[kind]
    written = insert(reports).values(row).on_conflict_do_nothing(index_elements=["request_id"])
    found = sa.select(DutyReport).where(DutyReport.id == row["id"])
    if session.scalar(written.returning(reports.c.id)) is None:
        found = sa.select(DutyReport).where(DutyReport.request_id == facts["request_id"])
    report = session.scalars(found.with_for_update()).one()
    report.due_at = due if report.status == "dismissed" else min(report.due_at, due)
    report.kind = min(report.kind, kind, key=WITHIN.__getitem__)
    report.status = "raised" if report.status == "dismissed" else report.status
    report.dismiss_reason = report.dismiss_asked_by = report.dismissed_by = None
    return report


def _bearers(session: Session, village: str, names: Sequence[str]) -> Sequence[UUID]:
    here = (Person.village_code == village, Person.name.in_(names), Person.erased_at.is_(None))
    return session.scalars(sa.select(Person.id).where(*here)).all() if names else ()


def raiser_relations(session: Session, actor: Actor, village: str | None) -> frozenset[str]:
    """Return by what the caller may raise an alarm in a village."""
    unit = session.get(OrgUnit, village) if village else None
    if unit is None:
        return frozenset()
    found = set(access.assist_relations(actor, unit.code, unit.parent_code))
    if actor.volunteer and actor.village == unit.code:
        found.add(VOLUNTEER)
    return frozenset(found)


def _known_request(session: Session, actor: Actor, request_id: UUID | None) -> Request | None:
    if request_id is None:
        return None
    found = session.get(Request, request_id)
    if found is None:
        raise Invalid(errors={"request": ["没有这件事"]})
    if not REQUEST.relations(session, actor, found):
        raise Invalid(errors={"request": ["没有这件事"]})
    return found


def _station(actor: Actor, village: str | None, request: Request | None) -> str | None:
    """The safe path's words are no head's to read, unless it is she who raised it."""
    if request is not None and not is_safe_path(request) and not request.sealed:
        return request.station
    own = (grant.station for grant in actor.grants if grant.unit == village and grant.station)
    return next(own, None) if request is None else None


def _bound(report_id: UUID) -> str:
    return f"duty_report:{report_id}"


def seal_anew(report: DutyReport) -> None:
    """Seal its words by the current key."""
    if report.words_sealed is not None:
        report.words_sealed = keys.ring().seal(_words(report).encode(), _bound(report.id))


def _words(report: DutyReport) -> str:
    return keys.ring().open(report.words_sealed or b"", _bound(report.id)).decode()


# ---------------------------------------------------------------- who reads it


def relations(session: Session, actor: Actor, report: DutyReport) -> frozenset[str]:
    """Return how the caller stands to a report: by office, if she is not too close to it."""
    found = set()
    if actor.chairs(report.village_code):
        found.add(CHAIR)
    if _has_clerks_part(session, actor, report):
        found.add(CLERK)
    hers = report.request_id is not None or report.raised_by == actor.person_id
    if report.station and hers and actor.heads(report.village_code, report.station):
        found.add(HEAD)  # what a deputy says without a request may be about the head
    if actor.person_id == report.raised_by and actor.mediates(report.village_code, "mediation"):
        found.add(MEDIATOR)
    return frozenset() if found and _is_close(session, actor, report) else frozenset(found)


def _is_close(session: Session, actor: Actor, report: DutyReport) -> bool:
    return actor.person_id is not None and _ties(session, report, actor.person_id)


def _ties(session: Session, report: DutyReport, person_id: UUID) -> bool:
    if any(recusal.is_too_close(session, person_id, one) for one in report.about_ids):
        return True
    if report.request_id is None:
        return False
    request = session.get_one(Request, report.request_id)
    return recusal.is_tied(session, person_id, request)


def _has_clerks_part(session: Session, actor: Actor, report: DutyReport) -> bool:
    """Tell whether the clerk is she, or the township's officer where no clerk may (3.7)."""
    clerk, *above = _offices_above(session, report.village_code)
    held = {(grant.role, grant.unit) for grant in actor.grants}
    if clerk in held:
        return True
    return bool(held.intersection(above)) and not _holders(session, report, [clerk])


def _offices_above(session: Session, village: str) -> list[tuple[str, str]]:
    """Return the clerk's office above a village, then the township's officer's."""
    committee = session.get_one(OrgUnit, village).parent_code or ""
    township = session.get(OrgUnit, committee)
    return [
        (access.CLERK_OFFICE, committee),
        ("township_officer", township.parent_code if township and township.parent_code else ""),
    ]


def list_mine(session: Session, actor: Actor) -> list[ReportView]:
    """Return what lies with the caller's offices, the newest first: a hundred at most."""
    units = {grant.unit for grant in actor.grants}
    below = sa.select(OrgUnit.code).where(OrgUnit.parent_code.in_(units))
    far = sa.select(OrgUnit.code).where(OrgUnit.parent_code.in_(below))
    near = sa.or_(*(DutyReport.village_code.in_(each) for each in (units, below, far)))
    found = session.scalars(sa.select(DutyReport).where(near).order_by(DutyReport.id.desc()))
    seen = ((one, relations(session, actor, one)) for one in found.fetchmany(MOST))
    return [ReportView(one, mine) for one, mine in seen if access.allows("duty_report.read", mine)]


def read(session: Session, actor: Actor, report_id: UUID) -> ReportView:
    """Return a report with its words; the read is noted for her whose request it is."""
    report = session.get(DutyReport, report_id)
    mine = relations(session, actor, report) if report else frozenset()
    access.require("duty_report.read", mine)
    return _opened(session, actor, report, mine)  # type: ignore[arg-type]


def _opened(session: Session, actor: Actor, report: DutyReport, mine: frozenset[str]) -> ReportView:
    if report.words_sealed is None:
        return ReportView(report, mine)
    if report.request_id is not None:
        request = session.get_one(Request, report.request_id)
        access_log.note(session, actor, request, min(mine), [FIELD])
    return ReportView(report, mine, _words(report))


# ---------------------------------------------------------------- steps


def report_it(session: Session, actor: Actor, report_id: UUID, sent: dict[str, Any]) -> ReportView:
    """The clerk enters which authority she told, and who took it. Raises NotFound, LostRace."""
    report, mine = _mine(session, actor, report_id, "duty_report.report", "raised")
    report.status, report.reported_by, report.reported_at = "reported", actor.person_id, clock.now()
    report.authority, report.receiver = sent["authority"], sent["receiver"]
    report.dismiss_reason = report.dismiss_asked_by = None
    _ring(session, report, "duty_report_reported", CHAIR)
    return _opened(session, actor, report, mine)


def receipt(session: Session, actor: Actor, report_id: UUID, text: str) -> ReportView:
    """The clerk enters what the authority answered. Raises NotFound, LostRace."""
    report, mine = _mine(session, actor, report_id, "duty_report.report", "reported")
    report.status, report.receipt, report.receipted_at = "receipted", text, clock.now()
    return _opened(session, actor, report, mine)


def dismiss(session: Session, actor: Actor, report_id: UUID, reason: str) -> ReportView:
    """The clerk says why nothing need be reported; it stays due until the chair agrees."""
    report, mine = _mine(session, actor, report_id, "duty_report.report", "raised")
    report.dismiss_reason, report.dismiss_asked_by = reason, actor.person_id
    _ring(session, report, "duty_report_dismissal", CHAIR)
    return _opened(session, actor, report, mine)


def confirm_dismissal(session: Session, actor: Actor, report_id: UUID) -> ReportView:
    """The chair agrees: two people have looked. Raises GuardFailed `second_person_needed`."""
    report, mine = _mine(session, actor, report_id, "duty_report.confirm", "raised")
    if report.dismiss_reason is None:
        raise LostRace("report_over", "nobody has asked for it")
    if report.dismiss_asked_by == actor.person_id:
        raise GuardFailed("second_person_needed", "another person must agree")
    report.status, report.dismissed_by = "dismissed", actor.person_id
    session.flush()
    return _opened(session, actor, report, mine)


def _mine(
    session: Session, actor: Actor, report_id: UUID, permission: str, state: str
) -> tuple[DutyReport, frozenset[str]]:
    report = session.get(DutyReport, report_id, with_for_update=True)
    mine = relations(session, actor, report) if report else frozenset()
    access.require(permission, mine)
    if report is None or report.status != state:
        raise LostRace("report_over", "it is in another state")
    return report, mine


# ---------------------------------------------------------------- the clock


def sweep(session: Session) -> int:
    """Raise what a request on a child's safe path calls for, and ring for what is late."""
    return _raise_for_children(session) + _ring_for_late(session)


def _raise_for_children(session: Session) -> int:
    since = least_id(clock.wall() - LOOK_BACK)
    known = sa.exists().where(DutyReport.request_id == Request.id, DutyReport.kind == "child")
    child = sa.or_(
        Request.emergency["kind"].astext == "child",
        Request.routing["inputs"]["kinds"].has_key("child"),
    )
    found = sa.select(Request).where(
        Request.id >= since, child, Request.status != "draft", ~known,
        sa.or_(Request.ended_at.is_(None), Request.status == "handed_over"),
    )  # fmt: skip
    rows = session.scalars(found.limit(MOST)).all()
    for request in rows:
        _raise_for(session, request)
    return len(rows)


def _raise_for(session: Session, request: Request) -> None:
    report = _kept(session, "child", village_code=request.village_code, request_id=request.id)
    _ring(session, report, "duty_report_raised")


def _ring_for_late(session: Session) -> int:
    late = sa.select(DutyReport).where(
        DutyReport.status == "raised", DutyReport.due_at <= clock.now()
    )
    found = session.scalars(late.limit(MOST).with_for_update(skip_locked=True)).all()
    for report in found:
        report.late_at, report.due_at = clock.now(), clock.now() + AGAIN
        _ring(session, report, "duty_report_late")
    return len(found)


def _ring(session: Session, report: DutyReport, kind: str, *roles: str) -> None:
    """Tell clerk and chair (or `roles`), and the township what is late: that there is one.

    The township hears at once, too, where no clerk may: it has her part.
    """
    village = session.get_one(OrgUnit, report.village_code)
    clerk, township = _offices_above(session, village.code)
    asked = [("chair", village.code)] if not roles or CHAIR in roles else []
    if not roles or CLERK in roles:
        asked.append(clerk if _holders(session, report, [clerk]) else township)
    if report.late_at is not None:
        asked.append(township)
    lines.tell(session, _holders(session, report, asked), kind, place=village.name)


def _holders(
    session: Session, report: DutyReport, offices: Sequence[tuple[str, str]]
) -> list[UUID]:
    """Return who holds one of these offices and is not too close to whom it is about."""
    held = sa.select(RoleGrant.person_id).where(
        sa.tuple_(RoleGrant.role, RoleGrant.unit_code).in_(list(offices)),
        *recusal.in_term(RoleGrant),
    )
    people = session.scalars(held.distinct()).all()
    return [one for one in people if not _ties(session, report, one)]
