"""What answers tell, kept as tallies: added with the answer (`rebuild` makes them from the log).

Used only to ask people for what they like and when they can. A volunteer's own tallies are
hers: she may reset or stop them (`village.wishes`), and nobody else sees them.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from dispatch.calibration import Calibration
from dispatch.policies.common import Id
from dispatch.response import Asked, Response, Tally, noticed
from village import clock, responses
from village.clock import SHANGHAI
from village.db import table
from village.ids import new_id
from village.models import Offer, ResponseStat, Task, Volunteer
from village.workflow.engine import LOCK

BIN = "bin"
ROUNDED = timedelta(milliseconds=1)

Row = dict[str, Any]
Own = dict[Id, dict[Hashable, Tally]]


@dataclass
class Learnt:
    """A village's model of answers, and what its predictions have turned out to mean."""

    response: Response = field(default_factory=Response)
    calibration: Calibration = field(default_factory=Calibration)

    def predicted(self, asked: Asked, personal: bool = True) -> float:
        """Return the chance of a yes by the counts."""
        return self.response.chance(asked, personal=personal)

    def knows(self, person: Id) -> bool:
        """Tell whether there are answers of her own."""
        return person in self.response.own

    def corrected(self, predicted: float) -> float:
        """Return what such a prediction has meant so far."""
        return self.calibration.correct(predicted)

    def usual(self) -> float:
        """Return the chance of anybody's yes to anything."""
        return self.response.usual()

    def count(
        self, asked: Asked, predicted: float | None, yes: bool | None, at: datetime, *,
        personal: bool, after_silence: bool = False,
    ) -> None:  # fmt: skip
        """Count an answer, or (None) a silence; not `personal`: not for herself.

        `after_silence`: of the same offer a silence was counted before.
        """
        self.calibration.fit()
        when = at.timestamp() / 60
        if predicted is not None:
            heard = noticed(asked.heard, self.corrected(predicted), yes, after_silence)
            self.calibration.learn(predicted, heard, yes=yes is True, at=when)
        self.response.learn(asked, yes, when, after_silence=after_silence)
        if not personal:
            self.response.forget(asked.person)


class Answered(NamedTuple):
    """An offer with what is needed to learn from it."""

    offer: Offer
    village: str
    personal: bool


def seen(offer: Any) -> Asked:
    """Return an offer that was made with a prediction (its row) as the model sees it."""
    hour = offer.created_at.astimezone(SHANGHAI).hour
    return Asked(offer.person_id, offer.kind, hour, offer.km, offer.heard)


# ---------------------------------------------------------------- reading and writing


_LOAD = sa.text("""
    select person_id, key, yes, tries, at from response_stats
    where village_code = :village or person_id = any(:people)
""")


def load(session: Session, village: str, people: Collection[UUID]) -> Learnt:
    """Read a village's model and these people's own counts, in one statement."""
    found = Learnt()
    for row in session.execute(_LOAD, {"village": village, "people": list(people)}):
        tally = Tally(row.yes, row.tries, row.at.timestamp() / 60)
        kind, _, value = row.key.partition(":")
        if kind == BIN:
            found.calibration.bins[int(value)] = tally
        elif row.person_id is None:
            found.response.counts[_parsed(row.key)] = tally
        else:
            found.response.own.setdefault(row.person_id, {})[_parsed(row.key)] = tally
    found.calibration.fit()
    return found


def save(session: Session, village: str, learnt: Learnt, since: datetime) -> None:
    """Write what has changed `since` of a village's model and the people's own counts."""
    found = [*village_rows(village, learnt), *own_rows(learnt.response.own)]
    write(session, [row for row in found if row["at"] >= since - ROUNDED])


def village_rows(village: str, learnt: Learnt) -> Iterator[Row]:
    """Return a village's model as rows."""
    for key, tally in learnt.response.counts.items():
        yield _row(None, village, _key(key), tally)
    for number, tally in learnt.calibration.bins.items():
        yield _row(None, village, f"{BIN}:{number}", tally)


def own_rows(own: Own) -> Iterator[Row]:
    """Return the people's own counts as rows."""
    for person, counts in own.items():
        for key, tally in counts.items():
            yield _row(person, None, _key(key), tally)


def write(session: Session, rows: Sequence[Row]) -> None:
    """Write tallies, in the place of older ones of the same key."""
    insert = postgresql.insert(table(ResponseStat))
    fresh = {name: insert.excluded[name] for name in ("yes", "tries", "at")}
    keys = ["person_id", "village_code", "key"]
    if rows:
        session.execute(insert.on_conflict_do_update(index_elements=keys, set_=fresh), rows)


def _row(person: Id | None, village: str | None, key: str, tally: Tally) -> Row:
    return {
        "id": new_id(),
        "person_id": person,
        "village_code": village,
        "key": key,
        "yes": tally.yes,
        "tries": tally.tries,
        "at": datetime.fromtimestamp(tally.at * 60, UTC),
    }


def _key(key: Hashable) -> str:
    return ":".join(str(part) for part in key) if isinstance(key, tuple) else str(key)


def _parsed(key: str) -> Hashable:
    kind, _, value = key.partition(":")
    if not value:
        return kind
    return kind, int(value) if kind == "km" else value


# ---------------------------------------------------------------- answers


def learn(session: Session, offer_id: UUID, *, yes: bool) -> None:
    """Count an offer's answer, in the transaction that closes it; each counts once."""
    _learn(session, [offer_id], yes)


def learn_silence(session: Session, offer_ids: Collection[UUID]) -> None:
    """Count offers of one village that stayed without an answer; each counts once."""
    if offer_ids:
        _learn(session, offer_ids, None)


def _learn(session: Session, offer_ids: Collection[UUID], yes: bool | None) -> None:
    """One transaction of a village at a time: the counts are read and written."""
    fresh = [one for one in _answered(session, offer_ids) if _is_news(one.offer, yes)]
    if not fresh:
        return
    village = fresh[0].village
    responses.counting(session, village)
    now = clock.now()
    learnt = load(session, village, [one.offer.person_id for one in fresh if one.personal])
    for one in fresh:
        offer, was_silent = one.offer, one.offer.silent_at is not None
        if yes is None:
            offer.silent_at = now
        else:
            offer.said_yes, offer.said_at = yes, now
        learnt.count(
            seen(offer), offer.chance, yes, now, personal=one.personal, after_silence=was_silent
        )
    save(session, village, learnt, since=now)


def _is_news(offer: Offer, yes: bool | None) -> bool:
    told = offer.said_yes is not None or (yes is None and offer.silent_at is not None)
    return offer.heard is not None and not told


def _answered(session: Session, offer_ids: Collection[UUID]) -> list[Answered]:
    """Read the offers by id, their people locked, in the order in which the log has them."""
    rows = session.execute(
        sa.select(Offer, Task.village_code, Volunteer.personal)
        .join(Task, Task.id == Offer.task_id)
        .join(Volunteer, Volunteer.person_id == Offer.person_id)
        .where(Offer.id.in_(offer_ids))
        .order_by(Volunteer.person_id)
        .with_for_update(of=Volunteer, **LOCK)
    )
    return sorted((Answered(*row) for row in rows), key=lambda one: one.offer.id)
