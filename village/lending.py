"""Which villages help each other now: agreements in force, at one station or at all."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from village import clock
from village.models import VillageAgreement


def between(here: str, there: InstrumentedAttribute[str], station: str) -> sa.ColumnElement[bool]:
    """Return whether `there` helps the station of `here` now."""
    one, other = VillageAgreement.village_a, VillageAgreement.village_b
    pair = sa.or_(sa.and_(one == here, other == there), sa.and_(other == here, one == there))
    return sa.exists().where(pair, _in_force(station))


def anybody(here: str, station: str) -> sa.ColumnElement[bool]:
    """Return whether any village helps the station of `here` now."""
    one, other = VillageAgreement.village_a, VillageAgreement.village_b
    return sa.exists().where(sa.or_(one == here, other == here), _in_force(station))


def _in_force(station: str) -> sa.ColumnElement[bool]:
    now, until = clock.now(), VillageAgreement.until
    at_station = sa.or_(VillageAgreement.station.is_(None), VillageAgreement.station == station)
    return sa.and_(at_station, VillageAgreement.since <= now, sa.or_(until.is_(None), until > now))
