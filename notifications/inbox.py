"""Use cases of a person's inbox."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, clock
from village.access import Actor
from village.errors import NotFound
from village.models import Notification


def list_inbox(
    session: Session,
    actor: Actor,
    *,
    unread: bool | None = None,
    limit: int = 20,
    before: UUID | None = None,
) -> list[Notification]:
    """Return the actor's lines, newest first; `unread` None means all, `before` is a cursor."""
    wanted = sa.select(Notification).where(Notification.person_id == actor.person_id)
    if unread is not None:
        read = Notification.read_at
        wanted = wanted.where(read.is_(None) if unread else read.is_not(None))
    if before is not None:
        wanted = wanted.where(Notification.id < before)
    return list(session.scalars(wanted.order_by(Notification.id.desc()).limit(limit)))


def mark_read(session: Session, actor: Actor, notification_id: UUID) -> Notification:
    """Mark a line as read, once, and return it; raises NotFound for another person's."""
    found = session.get(Notification, notification_id)
    if found is None:
        raise NotFound
    access.require("notification.read", access.owner_relations(actor, found.person_id))
    if found.read_at is None:
        found.read_at = clock.now()
    return found


def mark_all_read(session: Session, actor: Actor) -> int:
    """Mark all of the actor's lines as read; return how many were not."""
    return len(
        session.scalars(
            sa.update(Notification)
            .where(Notification.person_id == actor.person_id, Notification.read_at.is_(None))
            .values(read_at=clock.now())
            .returning(Notification.id)
        ).all()
    )


def unread_count(session: Session, person_id: UUID) -> int:
    """Return how many lines the person has not read."""
    unread = sa.select(sa.func.count()).where(
        Notification.person_id == person_id, Notification.read_at.is_(None)
    )
    return session.scalar(unread) or 0
