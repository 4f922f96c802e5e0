"""How a village, or one of its stations, asks: what those who answer for it have set.

A station's word comes before its village's, that before what is usual. The chair sets all of it,
since she answers for the people of all five stations; a head says of her own station how far it
asks and whether the next village waits for her word (permissions 4.2: offers are hers, `CRU s`).
Nothing here gets round a hard rule: a village may allow fewer messages, never more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch.policies import registry
from dispatch.situation import CLOSES, OPENS
from dispatch.work import DAY_CAP, NEXT_VILLAGE, WEEK_CAP
from village import access, clock, outbox, tasks
from village.access import Actor
from village.errors import Forbidden, Invalid, StaleVersion
from village.ids import new_id
from village.models import DispatchSettings, DispatchSettingsVersion, OrgUnit, Person
from village.relations import CHAIR

USUAL: dict[str, Any] = {
    "policy": registry.DEFAULT,
    "widest": NEXT_VILLAGE,
    "hold": False,
    "day_cap": DAY_CAP,
    "week_cap": WEEK_CAP,
    "asks_from": OPENS,
    "asks_to": CLOSES,
}
HEADS_WORD = {"widest", "hold"}
NOBODY_SAID: dict[str, Any] = dict.fromkeys(USUAL)
EARLIEST, LATEST, LEAST_MINUTES = 6 * 60, 22 * 60, 60
MOST_VERSIONS = 20


class Said(NamedTuple):
    """A version: what was set, who has set it, and when."""

    version: int
    settings: Mapping[str, Any]
    changed_by: str | None
    changed_at: datetime


@dataclass(frozen=True)
class Settings:
    """What is set here (None: nothing), what is in force, and who set it before; newest first."""

    own: Mapping[str, Any]
    in_force: Mapping[str, Any]
    version: int
    history: list[Said]


def read(session: Session, actor: Actor, village: str, station: str | None) -> Settings:
    """Return the settings of a village, or of one of its stations. Raises Forbidden."""
    access.require("dispatch_settings.read", access.station_relations(actor, village, station))
    return _read(session, village, station)


def change(
    session: Session,
    actor: Actor,
    village: str,
    station: str | None,
    sent: Mapping[str, Any],
    *,
    if_match: int | None = None,
) -> Settings:
    """Replace the fields that are sent (None: as the village says, or as usual).

    A change that changes nothing makes no version; every other is kept with its author, and lets
    the searches that lack people look again. Raises Forbidden, StaleVersion, or Invalid for hours
    that are none.
    """
    mine = access.station_relations(actor, village, station)
    access.require("dispatch_settings.station" if station else "dispatch_settings.village", mine)
    if CHAIR not in mine and not sent.keys() <= HEADS_WORD:
        raise Forbidden
    unit = sa.select(OrgUnit.code).where(OrgUnit.code == village)
    session.execute(unit.with_for_update(key_share=True))  # one change at a time
    row = _row(session, village, station)
    if if_match not in (None, row.version if row else 0):
        raise StaleVersion(version=row.version if row else 0)
    before = _values(row)
    values = {**before, **sent}
    if values != before:
        if "asks_from" in sent:
            _check(sent["asks_from"], sent["asks_to"])
        fresh = DispatchSettings(id=new_id(), village_code=village, station=station, version=0)
        _write(session, actor, row or fresh, values)
        _look_again(session, village, station)
    return _read(session, village, station)


def _check(opens: int | None, closes: int | None) -> None:
    """People sleep; and a day without an hour in which to ask would end every search."""
    if opens is None or closes is None:
        return
    if not EARLIEST <= opens <= closes - LEAST_MINUTES <= LATEST - LEAST_MINUTES:
        raise Invalid(errors={"asks": ["要在6点到22点之间，至少一个小时"]})


def _write(
    session: Session, actor: Actor, row: DispatchSettings, values: Mapping[str, Any]
) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1
    row.set_by, row.set_at = actor.person_id, clock.now()
    session.add(row)
    session.flush()
    session.add(
        DispatchSettingsVersion(
            settings_id=row.id,
            version=row.version,
            settings=dict(values),
            changed_by=row.set_by,
            changed_at=row.set_at,
        )
    )
    session.flush()


def _look_again(session: Session, village: str, station: str | None) -> None:
    """A wider circle or a higher limit may help whoever lacks people."""
    found = session.scalars(tasks.lacking_people([village], station))
    outbox.put_rows(session, [outbox.row("dispatch.round", one) for one in found])


def _read(session: Session, village: str, station: str | None) -> Settings:
    row = _row(session, village, station)
    above = _row(session, village, None) if station else None
    levels = (_values(row), _values(above), USUAL)
    in_force = {
        name: next(each[name] for each in levels if each[name] is not None) for name in USUAL
    }
    history = _history(session, row.id) if row else []
    return Settings(_values(row), in_force, row.version if row else 0, history)


def _row(session: Session, village: str, station: str | None) -> DispatchSettings | None:
    mine = (DispatchSettings.village_code == village, DispatchSettings.station == station)
    return session.scalars(sa.select(DispatchSettings).where(*mine)).one_or_none()


def _values(row: DispatchSettings | None) -> dict[str, Any]:
    return NOBODY_SAID if row is None else {name: getattr(row, name) for name in USUAL}


def _history(session: Session, settings_id: UUID) -> list[Said]:
    kept = DispatchSettingsVersion
    named = sa.select(kept, Person.name).outerjoin(Person, Person.id == kept.changed_by)
    found = named.where(kept.settings_id == settings_id).order_by(kept.version.desc())
    return [
        Said(one.version, one.settings, name, one.changed_at)
        for one, name in session.execute(found.limit(MOST_VERSIONS))
    ]
