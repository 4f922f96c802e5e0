"""The catalog in the process's memory: read on nearly every call, changed a few times a year."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from village import launch
from village.db import transaction
from village.models import Category, NotificationTemplate, OrgUnit, Station

TTL_SECONDS = 30.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Snapshot:
    read_at: float
    villages: dict[str, OrgUnit]
    stations: dict[str, Station]
    categories: dict[str, Category]
    template_ids: dict[str, str]
    open_forms: frozenset[str]


class Catalog:
    """Villages, stations, categories and template ids, at most 30 s old; objects of no session.

    While the database is away the last state known is used.
    """

    def __init__(self, engine: sa.Engine, ttl_seconds: float = TTL_SECONDS) -> None:
        self._engine = engine
        self._ttl = ttl_seconds
        self._snapshot: _Snapshot | None = None

    @property
    def villages(self) -> dict[str, OrgUnit]:
        """The natural villages by code."""
        return self._current().villages

    @property
    def stations(self) -> dict[str, Station]:
        """The stations by `{village}.{kind}`."""
        return self._current().stations

    @property
    def categories(self) -> dict[str, Category]:
        """The categories by code, in their order."""
        return self._current().categories

    @property
    def template_ids(self) -> dict[str, str]:
        """WeChat's id of each message template, by our code."""
        return self._current().template_ids

    def is_open(self, category: Category) -> bool:
        """Tell whether a category may be asked for here (`village/launch.py`)."""
        return launch.is_open(category.form, self._current().open_forms)

    def forget(self) -> None:
        """Read anew at the next use."""
        self._snapshot = None

    def _current(self) -> _Snapshot:
        known = self._snapshot
        if known is not None and time.monotonic() - known.read_at < self._ttl:
            return known
        try:
            fresh = _read(self._engine)
        except OperationalError:
            if known is None:
                raise
            log.warning("catalog not refreshed: the database is away")
            fresh = known
        self._snapshot = fresh
        return fresh


def _read(engine: sa.Engine) -> _Snapshot:
    with transaction(engine) as session:
        villages = sa.select(OrgUnit).where(OrgUnit.kind == "natural_village")
        snapshot = _Snapshot(
            read_at=time.monotonic(),
            villages={unit.code: unit for unit in session.scalars(villages.order_by(OrgUnit.code))},
            stations={
                f"{station.village_code}.{station.kind}": station
                for station in session.scalars(sa.select(Station).order_by(Station.village_code))
            },
            categories={
                category.code: category
                for category in session.scalars(sa.select(Category).order_by(Category.sort))
            },
            template_ids={
                template.code: template.wechat_template_id
                for template in session.scalars(sa.select(NotificationTemplate))
            },
            open_forms=launch.open_forms(session),
        )
        session.expunge_all()
    return snapshot
