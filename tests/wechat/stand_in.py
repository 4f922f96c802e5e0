"""How the tests of this room speak to the stand-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

APPID = "wx0123456789abcdef"
SECRET = "0123456789abcdef0123456789abcdef"
SEND = "/cgi-bin/message/subscribe/send"
STABLE_TOKEN = "/cgi-bin/stable_token"
TEMPLATES = {"tmpl-offer": ["thing1", "time2"], "tmpl-done": ["character_string1", "thing2"]}
OFFER = {"thing1": "村口路灯坏了三盏", "time2": "2026年11月27日 18:00"}


@dataclass
class MovableClock:
    """Seconds since 1970, moved by hand."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Sandbox:
    """A running stand-in, spoken to over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.http.request(method, self.url + path, timeout=5, **options)

    def get(self, path: str, **params: str) -> Any:
        return self.call("GET", path, params=params).json()

    def post(self, path: str, body: object, **params: str) -> Any:
        return self.call("POST", path, params=params, json=body).json()

    def token(self, **extra: object) -> str:
        account = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}
        return str(self.post(STABLE_TOKEN, account | extra)["access_token"])

    def login(self, code: str) -> Any:
        account = {"appid": APPID, "secret": SECRET, "grant_type": "authorization_code"}
        return self.get("/sns/jscode2session", js_code=code, **account)

    def grant(self, openid: str, template_id: str = "tmpl-offer", count: int = 1) -> None:
        self.post(
            "/_sandbox/grants", {"openid": openid, "template_id": template_id, "count": count}
        )

    def fault(self, path: str, **fault: object) -> None:
        assert self.post("/_sandbox/faults", {"path": path} | fault) == {"ok": True}

    def messages(self, openid: str) -> list[dict[str, Any]]:
        return list(self.get("/_sandbox/messages", openid=openid)["items"])

    def calls(self, path: str) -> int:
        return int(self.get("/_sandbox/calls").get(path, 0))


def message(**changes: object) -> dict[str, object]:
    """A subscribe message to `u1` as WeChat wants it."""
    data = {key: {"value": value} for key, value in OFFER.items()}
    base: dict[str, object] = {
        "touser": "u1",
        "template_id": "tmpl-offer",
        "miniprogram_state": "formal",
        "lang": "zh_CN",
        "data": data,
    }
    return base | changes
