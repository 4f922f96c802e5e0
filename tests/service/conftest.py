"""The API on a fresh copy of the demo county, WeChat's stand-in, and a counter of statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conftest import fresh_database
from tests.engines import recorded
from tests.service.house import House, house_on
from tests.service.world import CALLERS, World, build
from village import clock
from village.catalog import entries
from wechat.client import WechatClient
from wechat.sandbox import create_sandbox, running

APPID, SECRET = "wx0123456789abcdef", "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    """A stand-in for WeChat in which every phone has said yes to many messages."""
    templates = {
        template["wechat_template_id"]: [entry["key"] for entry in template["fields"]]
        for template in entries.notification_templates()
    }
    with running(create_sandbox(APPID, SECRET, templates=templates, auto_grant=1000)) as url:
        yield url


@pytest.fixture(scope="session")
def wechat(sandbox_url: str) -> Iterator[WechatClient]:
    client = WechatClient(sandbox_url, APPID, SECRET, None)
    yield client
    client.close()


@pytest.fixture
def house(database_url: str, redis_url: str, wechat: WechatClient) -> Iterator[House]:
    with house_on(database_url, redis_url, wechat) as house:
        yield house


@dataclass
class County:
    """A house in which much has happened, for tests that change nothing."""

    url: str
    house: House
    world: World


@pytest.fixture(scope="session")
def session_database(postgres: str, template_db: str) -> Iterator[Callable[[], str]]:
    """Makes copies of the demo county that last until the end."""
    copies: list[Iterator[str]] = []

    def make() -> str:
        copies.append(fresh_database(postgres, f"TEMPLATE {template_db} STRATEGY FILE_COPY"))
        return next(copies[-1])

    yield make
    for copy in copies:
        next(copy, None)


@pytest.fixture(scope="session")
def county(
    session_database: Callable[[], str], valkey: str, wechat: WechatClient
) -> Iterator[County]:
    url = session_database()
    with house_on(url, valkey, wechat) as house:
        built = build(house)
        for code in CALLERS:
            house.login(code)
        yield County(url, house, built)


@dataclass
class Trial:
    """The county's API on one connection: what is done within `taken_back` has not happened."""

    county: County
    house: House
    connection: sa.Connection

    @contextmanager
    def taken_back(self) -> Iterator[None]:
        with self.connection.begin_nested() as savepoint:
            yield
            savepoint.rollback()


@pytest.fixture(scope="session")
def trial(county: County, valkey: str, wechat: WechatClient) -> Iterator[Trial]:
    with (
        county.house.context.engine.connect() as connection,
        connection.begin() as everything,
        house_on(county.url, valkey, wechat, engine=connection) as house,
    ):
        yield Trial(county, house, connection)
        everything.rollback()


@pytest.fixture(scope="session")
def shared_house(
    session_database: Callable[[], str], valkey: str, wechat: WechatClient
) -> Iterator[House]:
    """A house for many tests: each must bear what the others have written."""
    with house_on(session_database(), valkey, wechat) as house:
        yield house


@pytest.fixture
def movable_clock(tmp_path: Path) -> Iterator[None]:
    """Domain time that `clock.step` moves; it starts now."""
    clock.configure(tmp_path / "clock.json")
    clock.set_time(clock.wall())
    yield
    clock.configure(None)


@pytest.fixture
def statements(house: House) -> Callable[[], AbstractContextManager[list[str]]]:
    """Record the SQL statements that run within a `with` block."""
    return lambda: recorded(house.context.engine)
