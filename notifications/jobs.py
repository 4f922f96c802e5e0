"""The jobs that tell people: each takes the id of a committed row, and may run twice."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from notifications import audience, calling, delivery, ledger, scene
from notifications.delivery import Context
from village.outbox import After


def tell_all(context: Context, session: Session, event_ids: Sequence[UUID]) -> None:
    """Write what the audiences of events are told; as many statements for many as for one.

    The events were committed together with the jobs' rows.
    """
    scenes = scene.look(session, event_ids)
    calling.hold(session, scenes)
    told = list(zip(scenes, audience.hearers(session, scenes), strict=True))
    ledger.write(session, told)
    for seen, heard in told:
        calling.ask(session, seen, heard)


def tell(context: Context, session: Session, event_id: UUID) -> After | None:
    """Write what an event's audiences are told (`notify.tell`)."""
    tell_all(context, session, [event_id])
    return None


def deliver(context: Context, session: Session, delivery_id: UUID) -> After | None:
    """Bring a line to a phone (`slow.deliver`); the call itself comes after the commit."""
    letter = delivery.begin(session, delivery_id)
    return None if letter is None else partial(delivery.send, context, letter)
