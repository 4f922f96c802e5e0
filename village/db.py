"""Engine, session, and one unit of work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar, cast
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Session

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """What every table shares: names of constraints, and column types by annotation."""

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: sa.DateTime(timezone=True),
        UUID: sa.Uuid(),
        str: sa.Text(),
        dict[str, Any]: postgresql.JSONB(none_as_null=True),
        list[dict[str, Any]]: postgresql.JSONB(none_as_null=True),
        list[str]: postgresql.ARRAY(sa.Text()),
    }


def _dumps(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def create_engine(url: str, pool_size: int = 8, **options: Any) -> sa.Engine:
    """Return an engine for PostgreSQL; statements are bounded to 15 s, lock waits to 10 s."""
    return sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=4,
        pool_recycle=1800,
        pool_use_lifo=True,  # few connections, which know our statements already
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
        hide_parameters=True,
        connect_args={
            "options": "-c statement_timeout=15000 -c lock_timeout=10000 -c timezone=UTC"
        },
        **options,
    )


class _Unit(Session):
    """Holds on to every row that it has met: SQLAlchemy forgets, and reads again, what nobody has.

    A unit of work is short, and asks for its few rows by key many times.
    """


@sa.event.listens_for(_Unit, "loaded_as_persistent")
@sa.event.listens_for(_Unit, "pending_to_persistent")
def _keep(session: Session, row: object) -> None:
    session.info.setdefault("met", []).append(row)


@contextmanager
def transaction(engine: sa.Engine) -> Iterator[Session]:
    """One unit of work: commit when the block ends, roll back when it raises."""
    with _Unit(engine, expire_on_commit=False) as session, session.begin():
        yield session


def changed(session: Session, statement: sa.Update | sa.Delete) -> int:
    """Run an update or a delete, and return how many rows it met."""
    done = session.execute(statement)
    return int(done.rowcount)  # type: ignore[attr-defined]  # of these statements it has one


def table(model: type[Base]) -> sa.Table:
    """Return a model's table, for statements that need no objects."""
    return cast(sa.Table, model.__table__)


def insert_sql(model: type[Base], *columns: str) -> str:
    """Return SQL that writes rows of a table, given as JSON by its name: one statement for any.

    A row has a value for each of `columns`; the others get their defaults.
    """
    name, listed = table(model).name, ", ".join(columns)
    rows = f"json_populate_recordset(cast(null as {name}), cast(:{name} as json))"
    return f"insert into {name} ({listed}) select {listed} from {rows}"  # noqa: S608 - our names


def json_rows(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as `insert_sql` takes them."""
    return _dumps(rows)
