"""The town of tests/village, with the catalog as intake asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from tests.village.conftest import shared_town
from tests.village.town import Town, stepped
from village.catalog.cache import Catalog

__all__ = ["catalog", "shared_town", "town"]


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Town]:
    with stepped(tmp_path):
        town = Town(engine)
        town.build()
        yield town


@pytest.fixture
def catalog(engine: Engine, town: Town) -> Catalog:
    return Catalog(engine)
