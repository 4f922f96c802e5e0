"""The one place that knows all rooms: what jobs call, and what the processes are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import redis
import sqlalchemy as sa

from dispatch import jobs as dispatch_jobs
from dispatch.routing import model
from notifications import jobs as notify_jobs
from village import keys, workdays
from village.db import create_engine
from village.outbox import Handler, Together
from wechat.client import WechatClient

if TYPE_CHECKING:
    from flask import Flask

    from runtime.settings import Settings
    from service.limits import Limiter

LIMITER_SECONDS = 0.3  # every call waits for it
DEMO_EXACT = ("preview",)  # one types no faster in the demo: the real limit is seen there
HANDLERS: Mapping[str, Handler] = {
    "dispatch.round": dispatch_jobs.offer_round,
    "dispatch.woken_round": dispatch_jobs.woken_round,
    "dispatch.withdraw": dispatch_jobs.withdraw,
    "dispatch.redo": dispatch_jobs.redo,
    "dispatch.part": dispatch_jobs.part,
    "dispatch.freed": dispatch_jobs.freed,
    "dispatch.due": dispatch_jobs.due,
    "notify.tell": notify_jobs.tell,
    "slow.deliver": notify_jobs.deliver,
    "notify.deliver": notify_jobs.deliver,  # rows of the release before this one
}
# What is done for many rows in one transaction.
TOGETHER: Mapping[str, Together] = {"notify.tell": notify_jobs.tell_all}


@dataclass(frozen=True)
class Context:
    """What a job may use besides its session."""

    engine: sa.Engine
    wechat: WechatClient


def context(settings: Settings, pool_size: int = 2) -> Context:
    """Return the context of a process with these settings."""
    workdays.configure(settings.own_calendar)
    keys.configure(settings.own_keys)
    return Context(create_engine(str(settings.database_url), pool_size), _wechat(settings))


def application(settings: Settings) -> Flask:
    """Return the API of an installation with these settings."""
    from service.app import create_app
    from service.auth import Tokens
    from service.context import AppContext
    from village.catalog.cache import Catalog

    model.configure(settings.own_model)
    workdays.configure(settings.own_calendar)
    keys.configure(settings.own_keys)
    engine = create_engine(str(settings.database_url))
    return create_app(
        AppContext(
            engine=engine,
            redis=_redis(settings),
            wechat=_wechat(settings),
            tokens=Tokens(str(settings.secret_key)),
            catalog=Catalog(engine),
            limits=_limiter(settings),
            h5_dir=settings.h5_dir,
            demo=settings.demo,
        )
    )


def contract() -> dict[str, Any]:
    """Return the OpenAPI document; it needs no server."""
    from dataclasses import replace

    from runtime.settings import load
    from service.openapi import export

    nowhere = replace(
        load(),
        database_url="postgresql+psycopg://",
        redis_url="redis://",
        secret_key="-",  # noqa: S106 - signs nothing
    )
    return export(application(nowhere))


def _redis(settings: Settings, seconds: float = 2) -> redis.Redis:
    url = str(settings.redis_url)
    return redis.Redis.from_url(url, socket_timeout=seconds, socket_connect_timeout=seconds)


def _limiter(settings: Settings) -> Limiter:
    from runtime.settings import networks
    from service.limits import Limiter

    client = _redis(settings, LIMITER_SECONDS)
    proxies = networks(settings.trusted_proxies)
    exact = DEMO_EXACT if settings.demo else ()
    return Limiter(
        client, str(settings.secret_key), scale=settings.rate_scale, exact=exact, proxies=proxies
    )


def _wechat(settings: Settings) -> WechatClient:
    return WechatClient(
        settings.wechat_base_url, settings.wechat_appid, settings.wechat_secret, _redis(settings)
    )
