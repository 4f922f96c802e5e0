"""The versions of a county's configuration: what is in force, what comes next, and back again."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock
from village.catalog import config, loader
from village.catalog.config import Difference, Files
from village.errors import NotFound, WrongState
from village.models import Category, ConfigVersion, OrgUnit, Station

LOCK = 0x436F6E666967  # of advisory locks: one change at a time


def history(session: Session) -> list[ConfigVersion]:
    """Return all versions, the newest first."""
    return list(session.scalars(sa.select(ConfigVersion).order_by(ConfigVersion.number.desc())))


def differences(session: Session, files: Files) -> list[Difference]:
    """Return what checked files would change of what is in force; files left out change nothing."""
    return config.differences(loader.own_rows(session), _whole(session, files))


def _whole(session: Session, files: Files) -> Files:
    return {**loader.own_rows(session), **files}


def apply(
    session: Session, files: Files, *, by: str, template_ids: Mapping[str, str] | None
) -> ConfigVersion | None:
    """Put checked files in force as a new version; None where they change nothing.

    Processes follow within half a minute. Raises WrongState for a category or a unit
    that would go and is in use.
    """
    _lock(session)
    if not differences(session, files):
        return None
    return _put(session, _whole(session, files), by, None, template_ids)


def roll_back(
    session: Session, number: int, *, by: str, template_ids: Mapping[str, str] | None
) -> ConfigVersion | None:
    """Put an earlier version in force again, as a new one; 0 is the package's own.

    Raises NotFound, and WrongState as `apply` does. None where nothing changes.
    """
    _lock(session)
    found = session.get(ConfigVersion, number)
    if found is None and number != 0:
        raise NotFound
    files = found.files if found else config.NONE
    if not config.differences(loader.own_rows(session), files):
        return None
    return _put(session, files, by, number, template_ids)


def _lock(session: Session) -> None:
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))


def _put(
    session: Session, files: Files, by: str, of: int | None, template_ids: Mapping[str, str] | None
) -> ConfigVersion:
    last = session.scalar(sa.select(sa.func.max(ConfigVersion.number)))
    version = ConfigVersion(
        number=(last or 0) + 1,
        files=config.own_rows(files),
        made_by=by,
        made_at=clock.wall(),
        of=of,
    )
    session.add(version)
    session.flush()
    loader.load(session, template_ids)
    _remove_gone(session, files)
    return version


def _remove_gone(session: Session, files: Files) -> None:
    categories = [row["code"] for row in config.rows("categories", files)]
    units = [row["code"] for row in config.rows("units", files)]
    try:
        session.execute(sa.delete(Category).where(Category.code.not_in(categories)))
        session.execute(sa.delete(Station).where(Station.village_code.not_in(units)))
        session.execute(sa.delete(OrgUnit).where(OrgUnit.code.not_in(units)))
    except sa.exc.IntegrityError as error:
        raise WrongState("in_use", "a category or unit that would go is in use") from error
