from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from village.db import create_engine


@pytest.fixture
def county(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[sa.Engine]:
    """The database of an installation that commands find by their environment."""
    monkeypatch.setenv("WUZHAN_DATABASE_URL", database_url)
    monkeypatch.setenv("WUZHAN_REDIS_URL", redis_url)
    monkeypatch.setenv("WUZHAN_SECRET_KEY", "k" * 32)
    engine = create_engine(database_url)
    yield engine
    engine.dispose()
