"""Real servers for all tests; a server that cannot be had is a failure, never a skip."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from hypothesis import settings
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.orm import Session

from runtime import local, places
from tests.engines import engine_on
from village import keys, workdays

NUMBERS = itertools.count(1)

# The same examples in every run, and none that fails by the clock: the machine may be busy.
settings.register_profile("house", deadline=None, derandomize=True, database=None)
settings.load_profile("house")


@pytest.fixture(scope="session", autouse=True)
def years_to_come(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Holidays for many years, in this process and those it starts: no test ends with a year."""
    path = tmp_path_factory.mktemp("calendar") / workdays.FILE
    days = ("01-01", "05-01", "05-02", "10-01", "10-02", "10-03")
    rows = [f"{year}-{day},off" for year in range(2027, 2100) for day in days]
    path.write_text("\n".join(["date,kind", *rows, ""]))
    os.environ["WUZHAN_CALENDAR_FILE"] = str(path)
    workdays.configure(path)


@pytest.fixture(scope="session", autouse=True)
def keys_of_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One key file for this process and those it starts: they share databases."""
    path = tmp_path_factory.mktemp("keys") / keys.FILE
    keys.made(path)
    os.environ["WUZHAN_KEYS_FILE"] = str(path)
    keys.configure(path)
    return path


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder for the servers' data that PostgreSQL's own account can pass through."""
    parent = memory_folder() or tempfile.gettempdir()
    remove_left_folders(Path(parent))
    folder = Path(tempfile.mkdtemp(prefix=f"wuzhan-tests-{os.getpid()}-", dir=parent))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres(server_folder: Path) -> Iterator[str]:
    """The URL of a real PostgreSQL in which this session may create databases."""
    given = os.environ.get("WUZHAN_TEST_DATABASE_URL")
    if given:
        yield given
        return
    server = local.start_postgres(server_folder, durable=False, tied=True)
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def valkey(server_folder: Path) -> Iterator[str]:
    """The URL of a database of a real Valkey (or Redis) that this process may flush."""
    given = os.environ.get("WUZHAN_TEST_REDIS_URL")
    if given:
        number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
        yield urlsplit(given)._replace(path=f"/{number}").geturl()
        return
    server = local.start_valkey(server_folder, durable=False, tied=True)
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def template_db(postgres: str) -> Iterator[str]:
    """The name of a database that is migrated and holds catalog and demo county; tests copy it."""
    name = f"wuzhan_template_{os.getpid()}"
    execute(postgres, f"CREATE DATABASE {name}")
    fill(with_database(postgres, name))
    yield name
    execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(postgres: str, template_db: str) -> Iterator[str]:
    """The URL of a fresh copy of the demo county, dropped after the test."""
    yield from fresh_database(postgres, f"TEMPLATE {template_db} STRATEGY FILE_COPY")


@pytest.fixture
def empty_database_url(postgres: str) -> Iterator[str]:
    """The URL of a database without any table, dropped after the test."""
    yield from fresh_database(postgres, "")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on the fresh copy."""
    with engine_on(database_url) as engine:
        yield engine


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session on the fresh copy; the test commits where it means to."""
    with Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def redis_url(valkey: str) -> str:
    """The URL of an empty Redis database."""
    with redis.Redis.from_url(valkey) as client:
        client.flushdb()
    return valkey


def memory_folder() -> str | None:
    """A folder in memory, where there is room: copying a database there is ten times as quick."""
    memory = "/dev/shm"
    roomy = Path(memory).is_dir() and shutil.disk_usage(memory).free > 2 * 1024**3
    return memory if roomy and os.access(memory, os.W_OK) else None


def remove_left_folders(parent: Path) -> None:
    """Remove what test runs that were killed left behind."""
    for folder in parent.glob("wuzhan-tests-*-*"):
        if not places.alive(int(folder.name.split("-")[2])):
            shutil.rmtree(folder, ignore_errors=True)


def fill(url: str) -> None:
    """Migrate a database and put catalog and demo county into it."""
    from village import keyed, migrate
    from village.catalog import demo, loader
    from village.db import create_engine, transaction

    migrate.upgrade(url)
    engine = create_engine(url)
    with transaction(engine) as session:
        keyed.remember(session)
        loader.load(session)
        demo.seed(session)
    engine.dispose()


def fresh_database(postgres: str, options: str) -> Iterator[str]:
    """Create a database of a new name, yield its URL, drop it."""
    name = f"t_{os.getpid()}_{next(NUMBERS)}"
    execute(postgres, f"CREATE DATABASE {name} {options}")
    yield with_database(postgres, name)
    execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


def with_database(url: str, name: str) -> str:
    """Return the URL of another database of the same server."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def execute(url: str, statement: str) -> None:
    """Run one statement outside a transaction."""
    target = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(target, autocommit=True, connect_timeout=10) as link:
        link.execute(statement.encode())
