"""What an installation's API is made of; the roof builds it, the doors use it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import redis
import sqlalchemy as sa
from flask import current_app

from service.auth import Tokens
from service.limits import Limiter
from village.catalog.cache import Catalog
from village.privacy import Keys
from wechat.client import WechatClient


@dataclass(frozen=True)
class AppContext:
    """Engine, Redis, WeChat, tokens, catalog, and what the installation has switched on."""

    engine: sa.Engine
    redis: redis.Redis
    wechat: WechatClient
    tokens: Tokens
    catalog: Catalog
    limits: Limiter
    h5_dir: Path
    demo: bool = False

    @property
    def keys(self) -> Keys:
        """The installation's keyed hashes."""
        return Keys(self.tokens.secret_key)


def context() -> AppContext:
    """Return the context of the app that serves the present call."""
    found: AppContext = current_app.extensions["wuzhan"]
    return found
