"""The jobs that tell people: each takes the id of a committed row, and may run twice."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from notifications import audience, calling, delivery, ledger, scene
from notifications.delivery import Context
from village.outbox import After


def tell(context: Context, session: Session, event_id: UUID) -> After | None:
    """Write what an event's audiences are told (`notify.tell`)."""
    seen = scene.look(session, event_id)
    calling.hold(session, seen)
    heard = audience.hearers(session, seen, scene.transition_of(seen.event).tell)
    ledger.write(session, seen, heard)
    calling.ask(session, seen, heard)
    return None


def deliver(context: Context, session: Session, delivery_id: UUID) -> After | None:
    """Bring a line to a phone (`slow.deliver`); the call itself comes after the commit."""
    letter = delivery.begin(session, delivery_id)
    return None if letter is None else partial(delivery.send, context, letter)
