"""The invited person's own view of her offers: what, when, why she, and what she may answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from village import clock
from village.access import Actor
from village.catalog import files
from village.errors import NotFound
from village.models import Event, Offer, OrgUnit, Place, Request, Station, Task, Volunteer
from village.paging import Page, Window, cut, decode
from village.relations import INVITED
from village.workflow.offer import OFFER

ANSWERS = {"open": ("accept", "decline", "stand_down"), "filled": ("stand_by", "stand_down")}
INVITED_ONLY = frozenset({INVITED})
LONG = timedelta(days=3)  # without a question is worth a word
CIRCLES = ("station", "village", "neighbours")


class Reason(NamedTuple):
    """Why she was asked: a code, and a plain sentence about herself alone."""

    kind: str
    text: str


@dataclass(frozen=True)
class OfferView:
    """An offer with what the invited person may know before she says yes."""

    offer: Offer
    task: Task
    village_name: str
    station_name: str
    priority: str
    skills: list[str]
    asked_before: datetime | None
    done_before: bool
    called_up: bool

    @property
    def allowed_actions(self) -> list[str]:
        """What she may answer now; a yes that came too late may become a reserve."""
        fits = ANSWERS.get(self.task.status, ())
        return [a for a in OFFER.allowed_actions(self.offer, INVITED_ONLY) if a in fits]

    @property
    def why(self) -> list[Reason]:
        """Why she was asked, in words of `why_asked.csv`; never about others."""
        shared = [skill for skill in self.task.skills if skill in self.skills]
        values = {
            "station": self.station_name,
            "village": self.village_name,
            "skill": shared[0] if shared else "",
            "days": self._days,
        }
        words = {row["kind"]: row["zh"] for row in files.read("why_asked")}
        return [Reason(kind, words[kind].format_map(values)) for kind in self._kinds(shared)]

    @property
    def _days(self) -> int | None:
        before = self.asked_before
        return (self.offer.created_at - before).days if before else None

    def _kinds(self, shared: list[str]) -> list[str]:
        if self.called_up:
            return ["reserve"]
        long_ago = self._days is not None and self._days >= LONG.days
        found = {
            self.offer.source: self.offer.source in ("hand", "pair", "chance"),
            CIRCLES[self.offer.circle]: self.offer.source not in ("hand", "pair"),
            "skill": bool(shared),
            "done_before": self.done_before,
            "long_ago": long_ago,
        }
        return [kind for kind, holds in found.items() if holds]


def list_offers(
    session: Session, actor: Actor, window: Window, *, status: str | None
) -> Page[OfferView]:
    """Return the caller's own offers, newest first; `open` is what she can still say yes to.

    What is listed for the first time counts as seen from now on.
    """
    listed = _select(actor)
    if status == "open":
        listed = listed.where(
            sa.or_(Offer.status.in_(("offered", "expired")), Offer.stands_by),
            Task.status == "open",
        )
    elif status:
        listed = listed.where(Offer.status == status)
    if window.cursor:
        listed = listed.where(Offer.id < UUID(decode(window.cursor, 1)[0]))
    rows = session.execute(listed.order_by(Offer.id.desc()).limit(window.limit + 1)).all()
    page = cut([OfferView(*row) for row in rows], window, lambda seen: [str(seen.offer.id)])
    _opened(session, page.items)
    return page


def read_offer(session: Session, actor: Actor, offer_id: UUID) -> OfferView:
    """Return one of the caller's own offers. Raises NotFound for every other."""
    row = session.execute(_select(actor).where(Offer.id == offer_id)).one_or_none()
    if row is None:
        raise NotFound
    return OfferView(*row)


def _opened(session: Session, seen: Sequence[OfferView]) -> None:
    """Note when she first saw them; who is answering one at this moment is not waited for."""
    fresh = [view.offer.id for view in seen if view.offer.opened_at is None]
    if not fresh:
        return
    free = sa.select(Offer.id).where(Offer.id.in_(fresh)).with_for_update(skip_locked=True)
    session.execute(
        sa.update(Offer)
        .where(Offer.id.in_(free.scalar_subquery()), Offer.opened_at.is_(None))
        .values(opened_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def _select(actor: Actor) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(
            Offer,
            Task,
            OrgUnit.name,
            Station.name,
            Request.priority,
            Volunteer.skills,
            _asked_before().label("asked_before"),
            _done_before().label("done_before"),
            _called_up().label("called_up"),
        )
        .join(Task, Task.id == Offer.task_id)
        .join(Request, Request.id == Offer.request_id)
        .join(OrgUnit, OrgUnit.code == Task.village_code)
        .join(
            Station,
            sa.and_(Station.village_code == Task.village_code, Station.kind == Task.station),
        )
        .join(Volunteer, Volunteer.person_id == Offer.person_id)
        .where(Offer.person_id == actor.person_id)
    )


def _asked_before() -> sa.ScalarSelect[datetime]:
    earlier = aliased(Offer)
    return (
        sa.select(sa.func.max(earlier.created_at))
        .where(earlier.person_id == Offer.person_id, earlier.created_at < Offer.created_at)
        .scalar_subquery()
    )


def _done_before() -> sa.Exists:
    earlier, place, same = aliased(Task), aliased(Place), aliased(Request)
    return (
        sa.exists()
        .where(place.person_id == Offer.person_id, place.status == "completed")
        .where(place.completed_at < Offer.created_at)
        .where(earlier.id == place.task_id, same.id == earlier.request_id)
        .where(same.category == Request.category)
    )


def _called_up() -> sa.Exists:
    return sa.exists().where(
        Event.request_id == Offer.request_id,
        Event.subject_id == Offer.id,
        Event.action == "call_up",
    )
