"""A town on a fresh database, and a clock that the test steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import Engine, make_url

from tests.village.town import Town, stepped
from village.db import create_engine


@pytest.fixture
def stepped_clock(tmp_path: Path) -> Iterator[Path]:
    with stepped(tmp_path) as path:
        yield path


@pytest.fixture
def town(engine: Engine, stepped_clock: Path) -> Town:
    town = Town(engine)
    town.build()
    return town


@pytest.fixture(scope="module")
def shared_town(
    postgres: str, template_db: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """One town for all tests of a module: each brings a request of its own."""
    name = f"{template_db}_shared"
    target = make_url(postgres).set(drivername="postgresql")
    with (
        psycopg.connect(target.render_as_string(hide_password=False), autocommit=True) as link,
        stepped(tmp_path_factory.mktemp("clock")),
    ):
        link.execute(f"CREATE DATABASE {name} TEMPLATE {template_db} STRATEGY FILE_COPY".encode())
        url = make_url(postgres).set(database=name)
        engine = create_engine(url.render_as_string(hide_password=False))
        town = Town(engine)
        town.build()
        yield town
        engine.dispose()
        link.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
