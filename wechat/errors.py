"""What WeChat's refusals mean for the caller: one class for each thing to do next.

Codes: the tables of getStableAccessToken, code2Session and subscribeMessage.send in WeChat's
server documentation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

_RID = re.compile(r"\brid:\s*([\w-]+)")
_FIELD = re.compile(r"\bdata\.(\w+)\.value\b")


class WechatError(Exception):
    """WeChat refused with a code that asks for a person's attention.

    `code` is WeChat's errcode; `errmsg` its text, which may quote what we sent and therefore stays
    out of `str()`; `rid` the id by which WeChat explains the refusal for seven days.
    """

    retryable: ClassVar[bool] = False

    def __init__(self, code: int, errmsg: str = "", rid: str | None = None) -> None:
        super().__init__(code, errmsg, rid)
        self.code = code
        self.errmsg = errmsg
        self.rid = rid

    def __str__(self) -> str:
        """The class's own sentence with the facts that identify the refusal and nobody's data."""
        sentence = (type(self).__doc__ or "").split("\n", 1)[0].rstrip(".")
        facts = [f"code {self.code}", *self._facts(), *([f"rid {self.rid}"] if self.rid else [])]
        return f"{sentence} ({', '.join(facts)})"

    def _facts(self) -> list[str]:
        return []


class Busy(WechatError):
    """WeChat is busy: try again a little later."""

    retryable = True


class Unavailable(WechatError):
    """WeChat could not be reached or did not answer as WeChat.

    `maybe_done` is False only when the request certainly never arrived; a repeated send after
    True may reach the person twice.
    """

    retryable = True
    maybe_done: bool = True

    def _facts(self) -> list[str]:
        return [self.errmsg] if self.errmsg else []


class TokenRejected(WechatError):
    """WeChat rejected the access token, a fresh one included."""

    retryable = True


class RateLimited(WechatError):
    """WeChat asks to slow down: try again after `delay_seconds`."""

    retryable = True

    @property
    def delay_seconds(self) -> int:
        """How long to wait at least, by what was exceeded (overlap, minute, day)."""
        return _DELAY_SECONDS.get(self.code, 60)


class NotSubscribed(WechatError):
    """The person has no grant left for this template: use another channel."""


class BadIdentity(WechatError):
    """The openid does not belong to this mini-program."""


class ConfigError(WechatError):
    """The account, secret, template or page is wrong: the operator must act."""


class ContentError(WechatError):
    """WeChat does not take this content: it will not get better by repeating.

    `field` names the template value at fault, as in `thing1`, where WeChat says it.
    """

    @property
    def field(self) -> str | None:
        """The template key WeChat named, or None."""
        found = _FIELD.search(self.errmsg)
        return found.group(1) if found else None

    def _facts(self) -> list[str]:
        return [f"field {self.field}"] if self.field else []


class LoginCodeInvalid(WechatError):
    """The log-in code is unknown, older than five minutes, or already used."""


class LoginBlocked(WechatError):
    """WeChat blocks this person's log-in as high-risk."""


CLASSES: Mapping[int, type[WechatError]] = {
    -1: Busy,
    40001: TokenRejected,
    40014: TokenRejected,
    42001: TokenRejected,
    40003: BadIdentity,
    43104: BadIdentity,
    43101: NotSubscribed,
    40029: LoginCodeInvalid,
    40163: LoginCodeInvalid,
    41008: LoginCodeInvalid,
    40226: LoginBlocked,
    44002: ContentError,
    45002: ContentError,
    45168: ContentError,
    47001: ContentError,
    47003: ContentError,
    43108: RateLimited,
    43117: RateLimited,
    44990: RateLimited,
    44991: RateLimited,
    44993: RateLimited,
    45009: RateLimited,
    45011: RateLimited,
    40002: ConfigError,
    40013: ConfigError,
    40037: ConfigError,
    40066: ConfigError,
    40125: ConfigError,
    40164: ConfigError,
    40243: ConfigError,
    41001: ConfigError,
    41002: ConfigError,
    41004: ConfigError,
    41030: ConfigError,
    43001: ConfigError,
    43002: ConfigError,
    43107: ConfigError,
    43116: ConfigError,
    48001: ConfigError,
    48004: ConfigError,
    50004: ConfigError,
    50007: ConfigError,
    89503: ConfigError,
    89506: ConfigError,
    89507: ConfigError,
}

_DELAY_SECONDS: Mapping[int, int] = {
    43108: 1,
    43117: 600,
    44990: 1,
    44991: 60,
    44993: 3600,
    45009: 3600,
    45011: 60,
}


def error_for(code: int, errmsg: str = "") -> WechatError:
    """The error for one of WeChat's codes; a code without a row is a plain, final `WechatError`."""
    found = _RID.search(errmsg)
    return CLASSES.get(code, WechatError)(code, errmsg, found.group(1) if found else None)
