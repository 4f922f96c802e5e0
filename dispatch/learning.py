"""What answers tell, kept as tallies: added with the answer, made anew from the log of offers.

Used only to ask people for what they like and when they can. A volunteer's own tallies are
hers: `forget` removes them, `set_personal` stops them, nobody else sees them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator
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
from village import clock
from village.clock import SHANGHAI
from village.db import table
from village.ids import new_id
from village.models import Offer, Request, ResponseStat, Task, Volunteer

BIN = "bin"
ROUNDED = timedelta(milliseconds=1)


@dataclass
class Learnt:
    """A village's model of answers, and what its predictions have turned out to mean."""

    response: Response = field(default_factory=Response)
    calibration: Calibration = field(default_factory=Calibration)

    def predicted(self, asked: Asked, personal: bool = True) -> float:
        """Return the chance of a yes by the counts."""
        return self.response.chance(asked, personal=personal)

    def corrected(self, predicted: float) -> float:
        """Return what such a prediction has meant so far."""
        return self.calibration.correct(predicted)

    def usual(self) -> float:
        """Return the chance of anybody's yes to anything."""
        return self.response.usual()

    def learn(self, asked: Asked, predicted: float | None, yes: bool | None, at: datetime) -> None:
        """Count an answer, or (None) a silence."""
        when = at.timestamp() / 60
        if predicted is not None:
            heard = noticed(asked.heard, self.corrected(predicted), yes)
            self.calibration.learn(predicted, heard, yes=yes is True, at=when)
        self.response.learn(asked, yes, when)


class Answered(NamedTuple):
    """An offer with what the model needs to know of it."""

    offer: Offer
    village: str
    station: str
    category: str | None
    personal: bool
    forgotten_at: datetime | None

    @property
    def asked(self) -> Asked | None:
        """The offer as the model sees it; None for one that was made without a prediction."""
        offer = self.offer
        if offer.heard is None:
            return None
        hour = offer.created_at.astimezone(SHANGHAI).hour
        kind = self.category or self.station
        return Asked(offer.person_id, kind, hour, offer.km, offer.heard)


# ---------------------------------------------------------------- reading and writing


def load(session: Session, village: str, people: Collection[UUID]) -> Learnt:
    """Read a village's model and these people's own counts, in one statement."""
    mine = sa.or_(ResponseStat.village_code == village, ResponseStat.person_id.in_(people))
    columns = table(ResponseStat).columns
    found = Learnt()
    for row in session.execute(sa.select(*columns).where(mine)):
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


def save(session: Session, village: str, learnt: Learnt, since: datetime | None = None) -> None:
    """Write a village's model and the people's own counts; `since`: what has changed since."""
    rows = [_row(None, village, _key(key), tally) for key, tally in learnt.response.counts.items()]
    rows += [
        _row(None, village, f"{BIN}:{number}", tally)
        for number, tally in learnt.calibration.bins.items()
    ]
    rows += [
        _row(person, None, _key(key), tally)
        for person, counts in learnt.response.own.items()
        for key, tally in counts.items()
    ]
    changed = [row for row in rows if since is None or row["at"] >= since - ROUNDED]
    if changed:
        _write(session, changed)


def _write(session: Session, rows: list[dict[str, Any]]) -> None:
    insert = postgresql.insert(table(ResponseStat)).values(rows)
    fresh = {name: insert.excluded[name] for name in ("yes", "tries", "at")}
    keys = ["person_id", "village_code", "key"]
    session.execute(insert.on_conflict_do_update(index_elements=keys, set_=fresh))


def _row(person: Id | None, village: str | None, key: str, tally: Tally) -> dict[str, Any]:
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


def learn(session: Session, offer_id: UUID, *, yes: bool | None) -> None:
    """Count an offer's answer, or (None) its silence, in the transaction that closes it.

    Each counts once. One answer of a village at a time: the counts are read and written.
    """
    found = _answered(session, Offer.id == offer_id).one()
    offer, asked = found.offer, found.asked
    if asked is None or offer.said_yes is not None or (yes is None and offer.silent_at is not None):
        return
    now = clock.now()
    if yes is None:
        offer.silent_at = now
    else:
        offer.said_yes, offer.answered_at = yes, offer.answered_at or now
    _lock(session, found.village)
    learnt = load(session, found.village, [offer.person_id] if found.personal else [])
    at = now if yes is None else offer.answered_at or now
    learnt.learn(asked, offer.chance, yes, at)
    if not found.personal:
        learnt.response.forget(offer.person_id)
    save(session, found.village, learnt, since=at)


def _lock(session: Session, village: str) -> None:
    key = sa.func.hashtextextended(f"response:{village}", 0)
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def _answered(session: Session, *where: Any) -> Any:
    rows = session.execute(
        sa.select(
            Offer,
            Task.village_code,
            Task.station,
            Request.category,
            Volunteer.personal,
            Volunteer.forgotten_at,
        )
        .join(Task, Task.id == Offer.task_id)
        .join(Request, Request.id == Offer.request_id)
        .join(Volunteer, Volunteer.person_id == Offer.person_id)
        .where(*where)
    )
    return _Rows([Answered(*row) for row in rows])


class _Rows(list[Answered]):
    def one(self) -> Answered:
        """Return the only one."""
        (only,) = self
        return only


# ---------------------------------------------------------------- the log


def rebuild(session: Session) -> int:
    """Make all tallies anew from the log of offers; return how many answers there were."""
    session.execute(sa.text("lock table response_stats in share row exclusive mode"))
    session.execute(sa.delete(ResponseStat))
    own: dict[Id, dict[Hashable, Tally]] = {}
    villages: dict[str, Learnt] = defaultdict(lambda: Learnt(Response(own=own)))
    count = 0
    for at, found, yes in _log(session):
        learnt, asked = villages[found.village], found.asked
        if asked is None:
            continue
        learnt.calibration.fit()
        learnt.learn(asked, found.offer.chance, yes, at)
        if not found.personal or (found.forgotten_at is not None and at <= found.forgotten_at):
            learnt.response.forget(found.offer.person_id)
        count += 1
    for village in sorted(villages):
        save(session, village, villages[village])
    return count


def _log(session: Session) -> Iterator[tuple[datetime, Answered, bool | None]]:
    told = sa.or_(Offer.said_yes.is_not(None), Offer.silent_at.is_not(None))
    heard: list[tuple[datetime, UUID, Answered, bool | None]] = []
    for found in _answered(session, told):
        offer = found.offer
        if offer.silent_at is not None:
            heard.append((offer.silent_at, offer.id, found, None))
        if offer.said_yes is not None and offer.answered_at is not None:
            heard.append((offer.answered_at, offer.id, found, offer.said_yes))
    for at, _, found, yes in sorted(heard, key=lambda told: told[:2]):
        yield at, found, yes


# ---------------------------------------------------------------- her own word


def forget(session: Session, person_id: UUID) -> None:
    """Drop what is known of her alone; nothing before now is learnt from again."""
    session.execute(sa.delete(ResponseStat).where(ResponseStat.person_id == person_id))
    session.get_one(Volunteer, person_id).forgotten_at = clock.now()


def set_personal(session: Session, person_id: UUID, personal: bool) -> None:
    """Switch asking by her own answers on or off; switching off forgets them."""
    session.get_one(Volunteer, person_id).personal = personal
    if not personal:
        forget(session, person_id)


def own_counts(session: Session, person_id: UUID) -> dict[str, tuple[float, float]]:
    """Return what is kept of a person, for herself alone: {key: (yeses, tries)}, both fading."""
    mine = sa.select(ResponseStat).where(ResponseStat.person_id == person_id)
    return {row.key: (row.yes, row.tries) for row in session.scalars(mine)}
