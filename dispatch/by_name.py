"""Asking somebody whom no policy chose: by the head's hand, or as a standing pair."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch import translate
from dispatch.candidates import circles
from dispatch.learning import Learnt
from dispatch.people import People
from dispatch.policies.common import Id
from dispatch.work import Work
from village import hours, offers
from village.models import Offer, Task
from village.offers import Grounds
from village.workflow import priorities

_REMEMBER = sa.text("""
    with mine as (select person_id from volunteers where person_id = any(:asked)
                  order by person_id for no key update)
    update volunteers v set last_asked_at = :now from mine where v.person_id = mine.person_id
""")


def ask(
    session: Session, work: Work, people: People, place: int, learnt: Learnt, now: datetime, *,
    source: str, picked_by: UUID | None = None,
) -> Offer:  # fmt: skip
    """Write an offer; her answer is learnt from as every other.

    It is no round of the policy's, and has no propensity: no policy is judged by it.
    """
    circle, km = circles(people, work)
    person = translate.volunteer(people, place, now)
    asked = translate.asked(work, person, float(km[place]), now)
    grounds = Grounds(
        source=source,
        picked_by=picked_by,
        circle=int(circle[place]),
        km=asked.km,
        kind=work.kind,
        chance=learnt.predicted(asked, bool(people.personal[place])),
        heard=asked.heard,
    )
    task = session.get_one(Task, work.task_id)
    expires_at = priorities.offer_expires(work.priority, now, hours.of(session, work.village))
    wave = max(task.wave, 1)
    who = people.id(place)
    return offers.invite(session, task, who, wave=wave, expires_at=expires_at, grounds=grounds)


def remember(session: Session, asked: Collection[Id], now: datetime) -> None:
    """Note that they were asked; in the order of their ids, since others may do so too."""
    if not asked:
        return
    session.execute(_REMEMBER, {"asked": list(asked), "now": now})
