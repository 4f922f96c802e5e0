"""JSON over HTTP the way WeChat speaks it, with every failure named and no secret in any text."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from wechat.errors import ConfigError, Unavailable, error_for

Json = dict[str, Any]


class _HideQueries(logging.Filter):
    """Cuts query strings, where WeChat wants tokens and secrets, out of urllib3's debug lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_without_query(arg) for arg in record.args)
        return True


_hide_queries = _HideQueries()


class Transport:
    """One HTTP session with WeChat's servers, or with a stand-in at `base_url`.

    `timeout` is (connect, read) in seconds. Use it from any thread, but not across a fork.
    """

    def __init__(self, base_url: str, timeout: tuple[float, float]) -> None:
        self._base_url = base_url.rstrip("/")
        self._timeout = timeout
        self._session = requests.Session()
        # A proxy or netrc meant for the outside world must not catch calls to a local stand-in.
        self._session.trust_env = not _is_loopback(base_url)
        # addFilter ignores a filter that is there already.
        logging.getLogger("urllib3.connectionpool").addFilter(_hide_queries)

    def get(self, path: str, params: Mapping[str, str]) -> Json:
        """The JSON object at `path`; raises the `WechatError` of its errcode."""
        return self._call("GET", path, params, None)

    def post(self, path: str, body: Json, params: Mapping[str, str] | None = None) -> Json:
        """The JSON object answered to `body`; raises the `WechatError` of its errcode."""
        # WeChat's content rules do not see Chinese behind \uXXXX escapes.
        return self._call("POST", path, params or {}, json.dumps(body, ensure_ascii=False).encode())

    def close(self) -> None:
        """Closes the kept connections."""
        self._session.close()

    def _call(self, method: str, path: str, params: Mapping[str, str], body: bytes | None) -> Json:
        try:
            reply = self._session.request(
                method,
                self._base_url + path,
                params=params,
                data=body,
                headers={"Content-Type": "application/json"} if body else None,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            failure = _unavailable(error)
        else:
            return _decode(reply)
        # Outside the handler, because the exception in it quotes the address with its token.
        raise failure


def _decode(reply: requests.Response) -> Json:
    """The object in a reply: UTF-8 whatever its content type says; a missing errcode means 0."""
    _check_status(reply.status_code)
    try:
        body = json.loads(reply.content.decode("utf-8"))
        code = int(body.get("errcode") or 0)
    except (ValueError, AttributeError, TypeError, RecursionError):
        body, code = None, 0
    if body is None:
        raise Unavailable(0, "the answer is not WeChat's JSON")
    if code:
        raise error_for(code, str(body.get("errmsg") or ""))
    return dict(body)


def _check_status(status: int) -> None:
    if status >= 500 or status in (408, 429):
        raise Unavailable(status, f"HTTP {status}")
    if status != 200:
        raise ConfigError(status, f"HTTP {status}")


def _unavailable(error: requests.RequestException) -> Unavailable:
    failure = Unavailable(0, type(error).__name__)
    failure.maybe_done = not _never_arrived(error)
    return failure


def _never_arrived(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _without_query(value: object) -> object:
    return value.split("?", 1)[0] if isinstance(value, str) else value
