"""An API on a copy of the demo county: callers log in as demo people, jobs are done on demand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import redis
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from runtime import wiring
from runtime.settings import load
from service.app import create_app
from service.auth import Tokens
from service.context import AppContext
from service.limits import Limiter
from tests.engines import engine_on
from village import consents, outbox, people
from village.catalog.cache import Catalog
from village.catalog.privacy import PRIVACY_VERSION
from village.db import transaction
from wechat.client import WechatClient

API = "/api/v1"
LAMP = "村口到小学那段路灯坏了三盏，晚上很黑。"
FLOOD = "有人掉进水库了，快来救人"
Headers = dict[str, str]
IDLE: list[Flask] = []  # apps for the next tests: building one takes longer than most of them


@dataclass
class House:
    """What a test does to the API; `anna`, `ben` … are headers that `login` has returned."""

    app: Flask
    context: AppContext
    logged_in: dict[str, Headers] = field(default_factory=dict)

    @property
    def client(self) -> FlaskClient:
        """A client without cookies, as the phone is one."""
        return self.app.test_client(use_cookies=False)

    def call(
        self, method: str, path: str, caller: str | None = None, headers: Headers | None = None,
        **options: Any,
    ) -> TestResponse:  # fmt: skip
        """Call the API as a demo person; `path` starts after the prefix."""
        known = {**(self.login(caller) if caller else {}), **(headers or {})}
        return self.client.open(API + path, method=method, headers=known, **options)

    def get(self, path: str, caller: str | None = None, **options: Any) -> TestResponse:
        return self.call("GET", path, caller, **options)

    def post(
        self, path: str, caller: str | None = None, body: Any = None, **options: Any
    ) -> TestResponse:
        return self.call("POST", path, caller, json={} if body is None else body, **options)

    def done(self, path: str, caller: str, body: Any = None) -> Any:
        """Take a step that must succeed, and return its body."""
        response = self.post(path, caller, body)
        assert response.status_code < 300, response.text
        return response.json if response.data else None

    def seen(self, path: str, caller: str) -> Any:
        """Read what must be there."""
        response = self.get(path, caller)
        assert response.status_code == 200, response.text
        return response.json

    def login(self, code: str) -> Headers:
        """Return the headers of a demo person, who has accepted the privacy notice.

        Without the calls that a phone makes for it: nearly every test begins with some logins.
        """
        if code not in self.logged_in:
            with transaction(self.context.engine) as session:
                entered = bearer(self._entered(session, code))
            self.logged_in[code] = entered  # others may use it now: it is committed
        return self.logged_in[code]

    def _entered(self, session: Session, code: str) -> dict[str, str]:
        family = people.open_family(session, people.login(session, f"demo-{code}"))
        actor = people.load_actor(session, family.id)
        if actor.consent != PRIVACY_VERSION:
            consents.answer(session, actor, "privacy", PRIVACY_VERSION, accepted=True)
        return self.context.tokens.pair(family.id, family.generation)

    def new_login(self, code: str) -> Headers:
        """Log a demo person in once more."""
        return bearer(self.tokens(login_code(code)))

    def tokens(self, code: str) -> Any:
        """Return the body of a login."""
        response = self.post("/auth/wechat", body={"code": code})
        assert response.status_code == 200, response.text
        return response.json

    def submit(self, caller: str = "u041", text: str = LAMP, **facts: Any) -> Any:
        """Write a request and return it."""
        return self.done("/requests", caller, {"village": "990101", "text": text, **facts})

    def enter(self, caller: str = "u005", text: str = LAMP, **facts: Any) -> Any:
        """Write a request for somebody who said it by phone, and return it."""
        return self.done("/requests/assisted", caller, {**assisted(text), **facts})

    def work(self) -> None:
        """Do all jobs that are due, and those that follow from them."""
        jobs = wiring.Context(self.context.engine, self.context.wechat)
        while True:
            with transaction(self.context.engine) as session:
                taken = outbox.take(session)
            if not taken:
                return
            for row in taken:
                outbox.run(jobs, row.id, wiring.HANDLERS)

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """Run one SQL statement and return its rows, if it has any."""
        with transaction(self.context.engine) as session:
            result = session.execute(sa.text(statement), values)
            return list(result) if result.returns_rows else []  # type: ignore[attr-defined]


def assisted(text: str = LAMP) -> dict[str, Any]:
    """The body of `POST /requests/assisted`."""
    return {
        "village": "990101",
        "text": text,
        "source": "phone",
        "for": {"name": "程秋菊"},
        "consent_how": "oral",
        "consent_version": PRIVACY_VERSION,
    }


def login_code(person: str) -> str:
    """A code of `wx.login` for a demo person."""
    return f"demo.demo-{person}.{uuid4().hex}"


def bearer(tokens: Mapping[str, str]) -> Headers:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


@cache
def bare_app() -> Flask:
    """The app without servers: its map, and the document."""
    nowhere = {
        "database_url": "postgresql+psycopg://",
        "redis_url": "redis://",
        "secret_key": "-" * 16,
    }
    return wiring.application(load().with_values(**nowhere))


@contextmanager
def house_on(
    database_url: str, redis_url: str, wechat: WechatClient, **facts: Any
) -> Iterator[House]:
    """An API on this database; ends with its connections closed."""
    with (
        engine_on(database_url) as engine,
        redis.Redis.from_url(redis_url, socket_timeout=1, socket_connect_timeout=1) as client,
    ):
        context = AppContext(
            engine=engine,
            redis=client,
            wechat=wechat,
            tokens=Tokens("a key that signs for tests alone"),
            catalog=Catalog(engine),
            limits=Limiter(client, "a key", scale=1000),
            h5_dir=Path(__file__).parent,
            demo=True,
        )
        context = replace(context, **facts)
        app = IDLE.pop() if IDLE else create_app(context)
        app.extensions["wuzhan"] = context
        yield House(app, context)
        IDLE.append(app)
