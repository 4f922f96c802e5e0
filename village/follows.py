"""我也是: following a neighbour's request instead of writing the same once more.

A follower sees the request's public face, as `similar` shows it: never whose it is, never the
words. What may not be found by neighbours cannot be followed; what has become confidential
since is no longer shown to those who follow it, and they hear no more of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from village import access, clock, similar
from village.access import Actor
from village.errors import NotFound, WrongState
from village.models import Category, Follow, Request
from village.paging import Page, Window, cut, decode
from village.public_face import is_public
from village.workflow.request import ACTIVE, REQUEST


@dataclass(frozen=True)
class Followed:
    """A request as its follower meets it, and since when she follows it."""

    request: Request
    since: datetime


def follow(session: Session, actor: Actor, request_id: UUID) -> Followed:
    """Say 我也是; a second time changes nothing.

    Raises NotFound for what neighbours may not know of, Forbidden for one's own, and WrongState
    `already_over` for what has ended: that is said anew.
    """
    request = _of_neighbour(session, actor, request_id)
    if request.status not in ACTIVE:
        raise WrongState("already_over", "it has ended; write a new request")
    values = {"request_id": request.id, "person_id": actor.person_id, "at": clock.now()}
    session.execute(insert(Follow).values(values).on_conflict_do_nothing())
    session.refresh(request)
    return Followed(request, session.get_one(Follow, (request.id, actor.person_id)).at)


def unfollow(session: Session, actor: Actor, request_id: UUID) -> None:
    """Take it back, at any time. Raises NotFound and Forbidden as `follow` does."""
    gone = sa.delete(Follow).where(
        Follow.request_id == request_id, Follow.person_id == actor.person_id
    )
    if not session.execute(gone.returning(Follow.person_id)).all():
        _of_neighbour(session, actor, request_id)


def take_along(session: Session, whole_id: UUID, part_id: UUID) -> None:
    """Let those who follow a request follow a part of it too."""
    theirs = sa.select(sa.literal(part_id), Follow.person_id, Follow.at)
    mine = sa.and_(Follow.request_id == whole_id, Follow.via.is_(None))
    columns = ["request_id", "person_id", "at"]
    session.execute(sa.insert(Follow).from_select(columns, theirs.where(mine)))


def _of_neighbour(session: Session, actor: Actor, request_id: UUID) -> Request:
    request = session.get(Request, request_id)
    if request is None:
        raise NotFound
    category = session.get(Category, request.category) if request.category else None
    access.require(
        "request.follow",
        access.neighbour_relations(
            actor,
            request,
            REQUEST.relations(session, actor, request),
            public=similar.is_shown(request, category),
        ),
    )
    return request


def list_mine(session: Session, actor: Actor, window: Window) -> Page[Followed]:
    """Return what the caller follows, the newest request first."""
    listed = (
        sa.select(Request, Follow.at)
        .join(Follow, Follow.request_id == Request.id)
        .outerjoin(Category, Category.code == Request.category)
        .where(Follow.person_id == actor.person_id, is_public())
        .where(Request.status.not_in(access.HERS_ALONE))
    )
    if window.cursor:
        listed = listed.where(Request.id < UUID(decode(window.cursor, 1)[0]))
    rows = session.execute(listed.order_by(Request.id.desc()).limit(window.limit + 1))
    found = [Followed(request, since) for request, since in rows]
    return cut(found, window, lambda one: [str(one.request.id)])
