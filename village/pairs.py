"""Standing pairs: a volunteer who comes to the same villager again and again (peers 6).

The head proposes; volunteer and villager each consent, and each may end it at any time. It
gives no claim: for every visit she is asked, only before the others. With a weekday it has a
rhythm: each visit is opened by itself (`dispatch.visits`), in time for them to be asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from village import access, clock, lines
from village.access import Actor
from village.assisted import has_account
from village.clock import SHANGHAI
from village.errors import GuardFailed, Invalid, LostRace, NotFound
from village.ids import new_id
from village.models import (
    Category,
    DueTime,
    Membership,
    Person,
    Request,
    StandingPair,
    Station,
    Volunteer,
)
from village.relations import INVITED, REQUESTER
from village.safe_path import is_safe_path
from village.workflow.recusal import is_too_close, refuse_recused

MOST = 2  # people who come together
LEAD = timedelta(days=2)  # so long before a visit they are asked
VISIT = "visit"
OPENS, CLOSES = clock.OPENS.hour * 60, clock.CLOSES.hour * 60
WHEN = ("weekday", "from_minute", "minutes", "every_weeks")


@dataclass(frozen=True)
class PairView:
    """A pair as one caller meets it: nobody's name before both have said yes, but hers who asks."""

    pair: StandingPair
    relations: frozenset[str]
    station_name: str
    what: str
    villager_name: str | None
    volunteer_name: str | None

    @property
    def waits_for_me(self) -> bool:
        """Whether the caller has not answered yet."""
        return "agree" in self.allowed_actions

    @property
    def allowed_actions(self) -> list[str]:
        """What the caller may do now."""
        if self.pair.status == "ended":
            return []
        asked = (INVITED in self.relations and self.pair.volunteer_agreed_at is None) or (
            REQUESTER in self.relations and self.pair.villager_agreed_at is None
        )
        return ["agree", "end"] if asked else ["end"]


def propose(
    session: Session,
    actor: Actor,
    village: str,
    kind: str,
    request_id: UUID,
    people: Sequence[UUID],
    when: Mapping[str, Any],
) -> list[PairView]:
    """Propose that these volunteers come regularly to whom a request was for.

    `when` may hold `consent_how`: how a villager without an account has agreed, who cannot say so
    herself. Raises NotFound for what is not the station's, Forbidden, Recused, GuardFailed with
    `cannot_pair`, Invalid for the consent of who has an account, or LostRace where there is such
    a pair already.
    """
    access.require("pair.propose", access.station_relations(actor, village, kind))
    request = session.get(Request, request_id)
    if request is None or (request.village_code, request.station) != (village, kind):
        raise NotFound
    refuse_recused(session, actor, request)
    _check(session, request, people)
    how = when.get("consent_how")
    if how and has_account(session, request.requester_id):
        raise Invalid(errors={"consent_how": ["对方有账号，请对方自己同意"]})
    agreed = clock.now() if how else None
    pairs = [
        StandingPair(
            villager_id=request.requester_id, person_id=person_id, village_code=village,
            station=kind, category=request.category, status="proposed",
            proposed_by=actor.person_id, proposed_at=clock.now(), version=1,
            request_id=request.id, villager_agreed_at=agreed, consent_how=how,
            **{name: when[name] for name in WHEN if name in when},
        )
        for person_id in people
    ]  # fmt: skip
    session.add_all(pairs)
    session.flush()
    views = [_view(session, actor, pair.id) for pair in pairs]
    for view in views:
        _tell_both(session, view)
    return views


def list_station(session: Session, actor: Actor, village: str, kind: str) -> list[PairView]:
    """Return a station's pairs that are proposed or stand."""
    access.require("pair.list_station", access.station_relations(actor, village, kind))
    here = sa.and_(StandingPair.village_code == village, StandingPair.station == kind)
    return _views(session, actor, sa.and_(here, StandingPair.status != "ended"))


def list_mine(session: Session, actor: Actor) -> list[PairView]:
    """Return the caller's own pairs, as volunteer or as villager, that are proposed or stand."""
    me = actor.person_id
    mine = sa.or_(StandingPair.person_id == me, StandingPair.villager_id == me)
    return _views(session, actor, sa.and_(mine, StandingPair.status != "ended"))


def agree(session: Session, actor: Actor, pair_id: UUID) -> PairView:
    """Consent for oneself; it stands when both have. A second yes answers like the first.

    Raises NotFound, Forbidden, or LostRace with code `pair_over`.
    """
    pair, relations = _lock(session, actor, pair_id, "pair.agree")
    if pair.status == "ended":
        raise LostRace("pair_over", "it has ended")
    now = clock.now()
    if INVITED in relations:
        pair.volunteer_agreed_at = pair.volunteer_agreed_at or now
    else:
        pair.villager_agreed_at = pair.villager_agreed_at or now
    if pair.status == "proposed" and pair.volunteer_agreed_at and pair.villager_agreed_at:
        pair.status = "active"
        plan(session, pair)
        lines.tell(session, [pair.person_id, pair.villager_id], "pair_active")
    session.flush()
    return _view(session, actor, pair_id)


def plan(session: Session, pair: StandingPair) -> None:
    """Write when the next visit is and when it is to be opened; without a weekday there is none."""
    if pair.weekday is None or pair.request_id is None:
        return
    now = clock.now()
    if pair.next_at is None:
        pair.next_at = _with(session, pair, now) or _first(pair, now + timedelta(days=1))
    else:
        pair.next_at += timedelta(weeks=pair.every_weeks)
        while pair.next_at <= now:
            pair.next_at += timedelta(weeks=pair.every_weeks)
    at = max(now, pair.next_at - LEAD)
    session.add(DueTime(id=new_id(), request_id=pair.request_id, kind=VISIT, due_at=at))
    session.flush()


def _with(session: Session, pair: StandingPair, now: datetime) -> datetime | None:
    """Return when the other of two comes who were proposed together: they come on one day."""
    both = StandingPair.request_id == pair.request_id, StandingPair.id != pair.id
    same = StandingPair.weekday == pair.weekday, StandingPair.every_weeks == pair.every_weeks
    coming = StandingPair.status == "active", StandingPair.next_at > now + LEAD
    return session.scalar(sa.select(sa.func.min(StandingPair.next_at)).where(*both, *same, *coming))


def _first(pair: StandingPair, after: datetime) -> datetime:
    """Return the first of the weekday's visits after a moment."""
    local = after.astimezone(SHANGHAI)
    minute = OPENS if pair.from_minute is None else pair.from_minute
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    days = ((pair.weekday or 0) - local.weekday()) % 7
    found = midnight + timedelta(days=days, minutes=minute)
    return found if found > after else found + timedelta(days=7)


def span(pair: StandingPair) -> tuple[datetime, datetime]:
    """Return from when to when the next visit may be: without an hour, the whole service day."""
    starts_at = pair.next_at or clock.now()
    long = CLOSES - OPENS if pair.from_minute is None else pair.minutes
    return starts_at, starts_at + timedelta(minutes=max(long, pair.minutes))


def end(session: Session, actor: Actor, pair_id: UUID) -> PairView:
    """End it, or say no to it: any of them, at any time, without a reason."""
    pair, _ = _lock(session, actor, pair_id, "pair.end")
    if pair.status != "ended":
        stood = pair.status == "active"
        pair.status, pair.ended_at, pair.ended_by = "ended", clock.now(), actor.person_id
        others = {pair.person_id, pair.villager_id} - {actor.person_id}
        if stood:
            lines.tell(session, others, "pair_ended")
    session.flush()
    return _view(session, actor, pair_id)


def _check(session: Session, request: Request, people: Sequence[UUID]) -> None:
    """Refuse in one word, whatever is in the way: why is nobody's business."""
    able = session.scalars(
        sa.select(Volunteer.person_id)
        .join(Membership, Membership.person_id == Volunteer.person_id)
        .where(
            Volunteer.person_id.in_(people),
            Volunteer.status == "active",
            Membership.village_code == request.village_code,
            Membership.station == request.station,
            Membership.active,
        )
    ).all()
    unfit = request.sealed or request.hide_me or request.waits_for or is_safe_path(request)
    category = session.get(Category, request.category) if request.category else None
    closed = category is None or "no_vol" in category.flags or unfit
    if (
        closed
        or set(able) != set(people)
        or any(is_too_close(session, one, request.requester_id) for one in people)
    ):
        raise GuardFailed("cannot_pair", "these people cannot be a pair for this")


def _lock(
    session: Session, actor: Actor, pair_id: UUID, permission: str
) -> tuple[StandingPair, frozenset[str]]:
    pair = session.get(StandingPair, pair_id, with_for_update=True)
    if pair is None:
        raise NotFound
    relations = relations_of(actor, pair)
    access.require(permission, relations)
    return pair, relations


def relations_of(actor: Actor, pair: StandingPair) -> frozenset[str]:
    """Return the caller's relations to a pair."""
    found = set(access.station_relations(actor, pair.village_code, pair.station))
    if actor.person_id == pair.person_id:
        found.add(INVITED)
    if actor.person_id == pair.villager_id:
        found.add(REQUESTER)
    return frozenset(found)


def _view(session: Session, actor: Actor, pair_id: UUID) -> PairView:
    return _views(session, actor, StandingPair.id == pair_id)[0]


def _views(session: Session, actor: Actor, which: sa.ColumnElement[bool]) -> list[PairView]:
    villager, helper = aliased(Person), aliased(Person)
    found = (
        sa.select(StandingPair, Station.name, Category.zh, villager.name, helper.name)
        .join(
            Station,
            sa.and_(
                Station.village_code == StandingPair.village_code,
                Station.kind == StandingPair.station,
            ),
        )
        .join(Category, Category.code == StandingPair.category)
        .join(villager, villager.id == StandingPair.villager_id)
        .join(helper, helper.id == StandingPair.person_id)
        .where(which)
        .order_by(StandingPair.id.desc())
    )
    return [_as_seen(actor, *row) for row in session.execute(found)]


def _as_seen(
    actor: Actor, pair: StandingPair, station: str, what: str, villager: str, helper: str
) -> PairView:
    """The volunteer learns to whom she would go when both have said yes."""
    relations = relations_of(actor, pair)
    known = pair.status == "active" or INVITED not in relations
    return PairView(pair, relations, station, what, villager if known else None, helper)


def _tell_both(session: Session, view: PairView) -> None:
    pair, values = view.pair, {"station": view.station_name}
    lines.tell(session, [pair.person_id], "pair_proposed", **values)
    name = view.volunteer_name or ""
    lines.tell(session, [pair.villager_id], "pair_proposed_villager", name=name, **values)
