"""Periodic work of this room."""

from __future__ import annotations

import logging
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from notifications.delivery import UNKNOWN_OUTCOME
from notifications.ledger import DELIVER
from village import clock
from village.models import Delivery, Outbox

log = logging.getLogger(__name__)

STUCK_AFTER = timedelta(seconds=60)  # wall time; a call to WeChat ends within half of it


def close_stuck(session: Session) -> int:
    """Close deliveries whose process died in mid-call, and return how many.

    WeChat may have taken them: they count as failed, and nobody is told twice. The job's row
    was marked done in the very transaction that set `sending`, so it says since when.
    """
    just_begun = sa.exists().where(
        Outbox.job == DELIVER,
        Outbox.subject_id == Delivery.id,
        Outbox.done_at > clock.wall() - STUCK_AFTER,
    )
    closed = session.scalars(
        sa.update(Delivery)
        .where(Delivery.status == "sending", ~just_begun)
        .values(status="failed", error=UNKNOWN_OUTCOME, finished_at=clock.now())
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    for delivery_id in closed:
        log.error("delivery lost in mid-call", extra={"delivery_id": str(delivery_id)})
    return len(closed)
