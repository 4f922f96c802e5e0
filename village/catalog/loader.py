"""Bring the catalog's tables to what the data files say."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from village.catalog import entries
from village.db import Base, table
from village.models import Category, NotificationTemplate, OrgUnit, Station

# Parents before children.
SOURCES: tuple[tuple[type[Base], Callable[[], list[entries.Values]]], ...] = (
    (OrgUnit, entries.org_units),
    (Station, entries.stations),
    (Category, entries.categories),
)


def load(session: Session, template_ids: Mapping[str, str] | None = None) -> None:
    """Write units, stations, categories and templates; can be repeated, removes nothing.

    `template_ids`: template code to WeChat's id, where they are not the catalog's.
    """
    for model, values in SOURCES:
        _upsert(session, model, values())
    _upsert(session, NotificationTemplate, entries.notification_templates(template_ids))


def _upsert(session: Session, model: type[Base], rows: list[entries.Values]) -> None:
    target = table(model)
    insert = postgresql.insert(target).values(rows)
    keys = [column.name for column in target.primary_key]
    changes = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    session.execute(insert.on_conflict_do_update(index_elements=keys, set_=changes))
