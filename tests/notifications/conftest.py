"""A village, a stand-in for WeChat that knows our templates, and the jobs' context."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.engine import Engine

from tests.notifications.house import Context, House
from tests.wechat.stand_in import APPID, SECRET, Sandbox
from village.catalog import entries
from wechat.client import WechatClient
from wechat.sandbox import create_sandbox, running


@pytest.fixture
def house(engine: Engine) -> House:
    house = House(engine)
    house.build()
    return house


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A strict stand-in in which every phone has said yes to ten messages of each template."""
    templates = {
        template["wechat_template_id"]: [entry["key"] for entry in template["fields"]]
        for template in entries.notification_templates()
    }
    with running(create_sandbox(APPID, SECRET, templates=templates, auto_grant=10)) as url:
        sandbox = Sandbox(url)
        yield sandbox
        sandbox.http.close()


@pytest.fixture
def context(engine: Engine, sandbox: Sandbox) -> Iterator[Context]:
    client = WechatClient(sandbox.url, APPID, SECRET, None, timeout=(0.5, 0.5))
    yield Context(engine, client)
    client.close()
