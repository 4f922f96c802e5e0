"""Bring the catalog's tables to what the data files say."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from village.catalog import entries
from village.catalog.config import NONE, Files
from village.db import Base, table
from village.models import Category, ConfigVersion, NotificationTemplate, OrgUnit, Station


def load(session: Session, template_ids: Mapping[str, str] | None = None) -> None:
    """Write units, stations, categories and templates; can be repeated, removes nothing.

    The county's own rows in force come before the package's. `template_ids`: template code to
    WeChat's id, where a setting has it.
    """
    own = own_rows(session)
    # parents before children
    _upsert(session, OrgUnit, entries.org_units(own))
    _upsert(session, Station, entries.stations(own))
    _upsert(session, Category, entries.categories(own))
    _upsert(session, NotificationTemplate, entries.notification_templates(template_ids, own))


def own_rows(session: Session) -> Files:
    """Return the county's own rows of the newest version; none while all is the package's."""
    newest = sa.select(ConfigVersion.files).order_by(ConfigVersion.number.desc()).limit(1)
    return session.scalar(newest) or NONE


def _upsert(session: Session, model: type[Base], rows: list[entries.Values]) -> None:
    target = table(model)
    insert = postgresql.insert(target).values(rows)
    keys = [column.name for column in target.primary_key]
    changes = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    session.execute(insert.on_conflict_do_update(index_elements=keys, set_=changes))
