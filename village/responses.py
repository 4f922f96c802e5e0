"""The locks on what answers tell: who counts one, and who changes all of them at once."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock
from village.db import table
from village.ids import new_id
from village.models import ResponseReset, ResponseStat

_ONE = sa.text("select pg_advisory_xact_lock_shared(hashtextextended('responses', 0))")
_ALONE = sa.text("select pg_advisory_xact_lock(hashtextextended('responses', 0))")
_VILLAGE = sa.text("""
    select pg_advisory_xact_lock_shared(hashtextextended('responses', 0)),
        pg_advisory_xact_lock(hashtextextended('responses:' || :village, 0))
""")


def counting(session: Session, village: str) -> None:
    """Until the commit, nobody else counts an answer of the village; its people are locked before.

    Everybody locks in this order: requests, volunteers, and this at the last.
    """
    session.execute(_VILLAGE, {"village": village})


def alone(session: Session) -> None:
    """Until the commit, nobody counts or forgets; the caller holds no other lock."""
    session.execute(_ALONE)


def reset(session: Session, person_id: UUID, *, personal: bool) -> None:
    """Forget a volunteer's own counts, and note it: before now nothing is learnt from again.

    `personal`: whether her answers count for herself from now on. The caller has locked her row.
    """
    session.execute(_ONE)
    session.execute(sa.delete(ResponseStat).where(ResponseStat.person_id == person_id))
    noted = {"id": new_id(), "person_id": person_id, "at": clock.now(), "personal": personal}
    session.execute(sa.insert(table(ResponseReset)).values(noted))
