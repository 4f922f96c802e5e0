"""The words of a complaint: how long they are kept, and that they go (PIPL 19, 47).

That somebody complained about an office, of what kind, and how it ended, stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock, form_times
from village.models import Complaint, ComplaintStep
from village.timeline import word


def forget(session: Session, ids: Iterable[UUID]) -> None:
    """Forget what was said and answered."""
    gone, ids = _gone(), list(ids)
    session.execute(
        sa.update(Complaint).where(Complaint.id.in_(ids)).values(text=gone, answer=None)
    )
    steps = sa.update(ComplaintStep).where(ComplaintStep.complaint_id.in_(ids))
    session.execute(steps.values(text=None))


def forget_of(session: Session, person_id: UUID) -> None:
    """Forget what an erased person said that is over; what is open goes on without her name."""
    mine = Complaint.complainant_id == person_id
    forget(session, session.scalars(_closed().where(mine)).all())
    session.execute(sa.update(Complaint).where(mine).values(hide_me=True))


def count_due(session: Session) -> int:
    """Return of how many the words have been kept as long as a request's may be."""
    return session.scalar(sa.select(sa.func.count()).select_from(_due().subquery())) or 0


def forget_due(session: Session, most: int) -> int:
    """Forget them, so many at most; return how many."""
    found = session.scalars(_due().limit(most)).all()
    forget(session, found)
    return len(found)


def _due() -> sa.Select[UUID]:
    kept = form_times.longest(form_times.BASE)
    since = sa.exists().where(
        ComplaintStep.complaint_id == Complaint.id,
        ComplaintStep.at >= clock.now() - kept if kept else sa.true(),
    )
    return _closed().where(~since, Complaint.text != _gone())


def _closed() -> sa.Select[UUID]:
    return sa.select(Complaint.id).where(Complaint.status == "closed")


def _gone() -> str:
    return word("not_kept", "erased")
