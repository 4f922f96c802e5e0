"""The calls of WeChat's server API that this project makes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from redis import Redis

from wechat.errors import ConfigError, TokenRejected, Unavailable
from wechat.tokens import Token, TokenStore
from wechat.transport import Json, Transport

State = Literal["developer", "trial", "formal"]


@dataclass(frozen=True)
class Identity:
    """Who logged in: `openid` in this mini-program, `unionid` across the operator's bound apps."""

    openid: str = field(repr=False)
    unionid: str | None = field(default=None, repr=False)


class WechatClient:
    """A mini-program's server side. Safe to share between threads; make one per process.

    `timeout` is (connect, read) in seconds. `redis` shares the access token between processes;
    None keeps it here. Every method raises only `WechatError`s; their texts carry no token,
    openid or secret.
    """

    def __init__(
        self,
        base_url: str,
        appid: str,
        secret: str,
        redis: Redis | None,
        timeout: tuple[float, float] = (2, 4),
    ) -> None:
        self._appid = appid
        self._secret = secret
        self._http = Transport(base_url, timeout)
        # The host is part of the key so that a stand-in and the real servers can share one Redis.
        key = f"wechat:token:{appid}@{urlsplit(base_url).netloc}"
        self._tokens = TokenStore(key, self._fetch_token, redis)

    def login(self, code: str) -> Identity:
        """Who the code of `wx.login` stands for (code2Session); it works once, for five minutes.

        Raises `LoginCodeInvalid`, `LoginBlocked`, and what every call may. The session key is
        dropped here.
        """
        body = self._http.get(
            "/sns/jscode2session",
            {
                "appid": self._appid,
                "secret": self._secret,
                "js_code": code,
                "grant_type": "authorization_code",
            },
        )
        return Identity(
            _text(body, "openid"), str(body["unionid"]) if body.get("unionid") else None
        )

    def phone_number(self, code: str) -> str:
        """The number that the code of the phone button stands for: once, for five minutes.

        Raises `LoginCodeInvalid`, and what every call may; each success may cost money.
        """
        body = self._with_token(
            lambda token: self._http.post(
                "/wxa/business/getuserphonenumber", {"code": code}, {"access_token": token}
            )
        )
        info = body.get("phone_info")
        return _text(info if isinstance(info, dict) else {}, "phoneNumber")

    def send_subscribe_message(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        page: str | None = None,
        state: State = "formal",
    ) -> str:
        """Sends one subscribe message, spending one grant; returns WeChat's msgid.

        `data` maps template keys such as `thing1` to values made by `format_value`; `page` opens
        on a tap. The msgid is beyond 2^53: keep it as text. Raises `NotSubscribed`,
        `ContentError`, `RateLimited`, …; after `Unavailable` with `maybe_done` it may have arrived.
        """
        message: Json = {
            "touser": openid,
            "template_id": template_id,
            "data": {key: {"value": value} for key, value in data.items()},
            "miniprogram_state": state,
            "lang": "zh_CN",
        }
        if page:
            message["page"] = page
        body = self._with_token(
            lambda token: self._http.post(
                "/cgi-bin/message/subscribe/send", message, {"access_token": token}
            )
        )
        return str(body.get("msgid") or "")

    def check(self) -> None:
        """Asks for an access token, as every call does; raises what is wrong with us or the way."""
        self._tokens.get()

    def close(self) -> None:
        """Closes the kept connections."""
        self._http.close()

    def _with_token(self, call: Callable[[str], Json]) -> Json:
        token = self._tokens.get()
        try:
            return call(token)
        except TokenRejected:
            self._tokens.reject(token)
        return call(self._tokens.get())

    def _fetch_token(self) -> Token:
        asked_at = time.time()
        try:
            body = self._http.post(
                "/cgi-bin/stable_token",
                {"grant_type": "client_credential", "appid": self._appid, "secret": self._secret},
            )
        except TokenRejected as error:
            # On this endpoint 40001 is about the secret.
            raise ConfigError(error.code, error.errmsg, error.rid) from None
        except Unavailable as error:
            error.maybe_done = False
            raise
        return Token(_text(body, "access_token"), asked_at + float(body.get("expires_in") or 0))


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Unavailable(0, f"the answer has no {name}")
    return value
