"""One stack for all tests of a module, on servers that nobody else uses."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from runtime import local
from tests.system.stack import Stack


@pytest.fixture(scope="module")
def stack(postgres: str, template_db: str) -> Iterator[Stack]:
    folder = Path(tempfile.mkdtemp(prefix="wuzhan-stack-"))
    valkey = local.start_valkey(folder, durable=False, tied=True)
    name = f"{template_db}_stack"
    target = make_url(postgres).set(drivername="postgresql")
    with psycopg.connect(target.render_as_string(hide_password=False), autocommit=True) as link:
        link.execute(f"CREATE DATABASE {name} TEMPLATE {template_db} STRATEGY FILE_COPY".encode())
        url = make_url(postgres).set(database=name).render_as_string(hide_password=False)
        stack = Stack(url, valkey.url, folder)
        try:
            stack.start_all()
            yield stack
        finally:
            stack.stop()
            valkey.stop()
            link.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
            shutil.rmtree(folder)
