"""Requests that may be the same matter: near by, still open or ended not long ago.

Text is compared by pairs of characters, which needs no list of Chinese words: they lie beside
the request in an array, and PostgreSQL counts how many two texts share, among the few of one
village that are open or fresh. What is confidential is never written there, and is left out
again when it has become so since.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from village import access, clock
from village.access import Actor
from village.catalog.files import read
from village.db import changed
from village.models import Category, Follow, Request, SimilarText
from village.public_face import OPEN_STATIONS, is_comparable, is_public
from village.requests import read as read_request
from village.similar_texts import grams, place_name
from village.workflow.request import ACTIVE

DONE = ("resolved", "closed")
RECENT = timedelta(days=30)
CANDIDATES = 40
SHOWN = 5
NEAR_METRES = 500.0


@dataclass(frozen=True)
class Wanted:
    """What is looked for: a text that is about to be sent, or a request that is there."""

    village: str
    text: str
    category: str | None
    place: Mapping[str, Any] | None
    at: datetime


@dataclass(frozen=True)
class Similar:
    """A request that may be the same matter, how sure that is (0 to 1), and by what."""

    request: Request
    score: float
    by: tuple[str, ...]
    mine: bool
    following: bool

    @property
    def is_open(self) -> bool:
        """Whether it is still being seen to."""
        return self.request.status in ACTIVE


def is_shown(request: Request, category: Category | None) -> bool:
    """Tell whether neighbours may find this request: it is comparable, and open or done."""
    return is_comparable(request, category) and request.status in (*ACTIVE, *DONE)


def before_submitting(session: Session, actor: Actor, wanted: Wanted) -> list[Similar]:
    """Return what a villager's text may repeat, of her own natural village alone (4.2, VIL)."""
    if wanted.village != actor.village:
        return []
    return _find(session, actor, wanted)


def of_request(session: Session, actor: Actor, request_id: UUID) -> list[Similar]:
    """Return what a request may repeat at the stations of this reader. Raises NotFound, Forbidden.

    A confidential request is compared with nothing; one in triage with what may be known of at
    the station where it would go.
    """
    seen = read_request(session, actor, request_id)
    access.require("request.similar", seen.relations)
    request = seen.request
    category = session.get(Category, request.category) if request.category else None
    if not _may_be_compared(request, category):
        return []
    wanted = Wanted(
        request.village_code, request.text, request.category, request.place, request.created_at
    )
    found = _find(session, actor, wanted, Request.id != request.id)
    return [one for one in found if access.allows("request.similar", _relations(actor, one))]


def _may_be_compared(request: Request, category: Category | None) -> bool:
    unplaced = request.status == "triage" and request.station is None
    stations = OPEN_STATIONS if unplaced else [request.station]
    return any(is_comparable(request, category, at=station) for station in stations)


def _relations(actor: Actor, found: Similar) -> frozenset[str]:
    return access.request_relations(actor, found.request)


def _find(
    session: Session, actor: Actor, wanted: Wanted, *where: sa.ColumnElement[bool]
) -> list[Similar]:
    looked_for = grams(wanted.text, place_name(wanted.place))
    if not looked_for:
        return []
    found_by = statement(wanted.village, looked_for).where(*where)
    rows = session.execute(found_by.add_columns(_follows(actor))).all()
    found = [_scored(actor, wanted, len(looked_for), *row) for row in rows]
    likely = [one for one in found if one.score >= weights()["shown"]]
    return sorted(likely, key=lambda one: (-one.score, one.request.number))[:SHOWN]


def statement(village: str, looked_for: Sequence[str]) -> sa.Select[Request, int, int]:
    """Return the query: requests with how many pairs they share, and how many they have."""
    sought = sa.literal(list(looked_for), ARRAY(sa.Text))
    held = SimilarText.grams
    each = sa.func.unnest(sought).column_valued("each")
    both = sa.select(sa.func.count()).where(each == sa.any_(held))
    shared = both.correlate(SimilarText).scalar_subquery()
    return (
        sa.select(Request, shared.label("shared"), sa.func.cardinality(held))
        .join(SimilarText, SimilarText.request_id == Request.id)
        .outerjoin(Category, Category.code == Request.category)
        .where(held.overlap(sought), SimilarText.village_code == village, is_public())
        .where(_is_recent())
        .order_by(sa.desc("shared"))
        .limit(CANDIDATES)
    )


def _follows(actor: Actor) -> sa.ColumnElement[bool]:
    mine = sa.exists().where(Follow.request_id == Request.id, Follow.person_id == actor.person_id)
    return mine.label("following")


def _is_recent() -> sa.ColumnElement[bool]:
    ended = sa.func.coalesce(Request.ended_at, Request.resolved_at)
    return sa.or_(
        Request.status.in_(ACTIVE),
        sa.and_(Request.status.in_(DONE), ended > clock.now() - RECENT),
    )


def _scored(
    actor: Actor,
    wanted: Wanted,
    sought: int,
    request: Request,
    shared: int,
    held: int,
    following: bool,
) -> Similar:
    parts = {
        "text": 2 * shared / (sought + held),
        "place": _nearness(wanted.place, request.place),
        "category": float(request.category is not None and request.category == wanted.category),
        "time": _freshness(wanted.at, request.created_at),
    }
    score = sum(weights()[name] * part for name, part in parts.items())
    by = tuple(name for name in ("text", "place", "category") if parts[name] >= 0.2)
    mine = request.requester_id == actor.person_id
    return Similar(request, round(score, 3), by, mine, following)


def _nearness(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> float:
    """1 at the same place, 0 from `NEAR_METRES` on, and between places that share no name."""
    if not one or not other:
        return 0.0
    if one.get("coord") and one["coord"] == other.get("coord"):
        return max(0.0, 1 - _metres(one, other) / NEAR_METRES)
    ours, theirs = set(grams(one["name"])), set(grams(other["name"]))
    return 2 * len(ours & theirs) / max(len(ours) + len(theirs), 1)


def _metres(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """A village is small: the earth may be flat."""
    north = math.radians(one["lat"] - other["lat"])
    east = math.radians(one["lng"] - other["lng"]) * math.cos(math.radians(one["lat"]))
    return 6_371_000 * math.hypot(north, east)


def _freshness(at: datetime, written: datetime) -> float:
    return max(0.0, 1 - abs(at - written) / RECENT)


@cache
def weights() -> Mapping[str, float]:
    """Return what each kind of likeness counts, and from which sum on it is shown."""
    return {row["kind"]: float(row["weight"]) for row in read("similar_weights")}


def purge(session: Session) -> int:
    """Forget what ended too long ago to be shown; return how many."""
    old = sa.select(Request.id).where(Request.ended_at < clock.now() - RECENT)
    gone = sa.delete(SimilarText).where(SimilarText.request_id.in_(old))
    return changed(session, gone)
