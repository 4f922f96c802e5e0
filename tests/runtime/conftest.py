from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.engines import engine_on


@pytest.fixture
def county(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[sa.Engine]:
    """The database of an installation that commands find by their environment."""
    monkeypatch.setenv("WUZHAN_DATABASE_URL", database_url)
    monkeypatch.setenv("WUZHAN_REDIS_URL", redis_url)
    monkeypatch.setenv("WUZHAN_SECRET_KEY", "k" * 32)
    with engine_on(database_url) as engine:
        yield engine
