"""The town of tests/village, with the catalog as intake asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from tests.village.town import Town, stepped
from village.catalog.cache import Catalog


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Town]:
    with stepped(tmp_path):
        town = Town(engine)
        town.build()
        yield town


@pytest.fixture
def catalog(engine: Engine, town: Town) -> Catalog:
    return Catalog(engine)
