"""Stacks for all tests of a module, on servers that nobody else uses."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from runtime import local
from tests.system.stack import Stack
from village import clock


@contextmanager
def house(postgres: str, template_db: str, name: str, **facts: Any) -> Iterator[Stack]:
    """A stack on a database and a Redis of its own; both are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="wuzhan-stack-"))
    valkey = local.start_valkey(folder, durable=False, tied=True)
    target = make_url(postgres).set(drivername="postgresql")
    with psycopg.connect(target.render_as_string(hide_password=False), autocommit=True) as link:
        link.execute(f"CREATE DATABASE {name} TEMPLATE {template_db} STRATEGY FILE_COPY".encode())
        url = make_url(postgres).set(database=name).render_as_string(hide_password=False)
        stack = Stack(url, valkey.url, folder, **facts)
        try:
            stack.start_all()
            yield stack
        finally:
            stack.stop()
            valkey.stop()
            link.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
            shutil.rmtree(folder)


@pytest.fixture(scope="module")
def stack(postgres: str, template_db: str) -> Iterator[Stack]:
    with house(postgres, template_db, f"{template_db}_stack") as stack:
        yield stack


@pytest.fixture(scope="module")
def busy_stack(
    postgres: str, template_db: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A stack whose clock began on a morning, and runs a minute in every second."""
    path = tmp_path_factory.mktemp("clock") / "clock.json"
    clock.configure(path)
    clock.set_time(datetime(2026, 11, 25, 9, 0, tzinfo=clock.SHANGHAI), speed=60.0)
    try:
        with house(postgres, template_db, f"{template_db}_busy", clock_file=path) as stack:
            yield stack
    finally:
        clock.configure(None)
