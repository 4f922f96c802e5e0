"""The stand-in's own paths: what tests and the demo do in place of hands and phones.

- `GET /_sandbox/messages?openid=`: what a phone (or all phones) received, oldest first
- `GET /_sandbox/code?openid=`: a one-time log-in code, as from `wx.login`
- `GET /_sandbox/calls`: how often each of WeChat's paths was called
- `POST /_sandbox/grants {openid, template_id, count}`: taps on "allow"; 0 switches it off
- `POST /_sandbox/faults {path, errcode|status|delay_ms|drop, times}`: fails; times 0 clears
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest

from wechat.sandbox.faults import Fault, Refusal
from wechat.sandbox.platform import Platform, is_openid, read_json

PREFIX = "/_sandbox"
_MOST = 2**31 - 1


def control_paths(platform: Platform) -> Blueprint:
    """The blueprint with the stand-in's own paths."""
    paths = Blueprint("control", __name__, url_prefix=PREFIX)

    @paths.get("/messages")
    def messages() -> Response:
        return jsonify(items=platform.phones.messages(request.args.get("openid")))

    @paths.get("/code")
    def code() -> Response:
        return jsonify(code=platform.codes.issue(_openid(request.args.get("openid"))))

    @paths.get("/calls")
    def calls() -> Response:
        return jsonify(dict(platform.faults.calls))

    @paths.post("/grants")
    def grants() -> Response:
        body = _body()
        openid, template_id = _openid(body.get("openid")), _text(body, "template_id")
        count = _number(body, "count", 0, 10_000, 1)
        return jsonify(remaining=platform.phones.grant(openid, template_id, count))

    @paths.post("/faults")
    def faults() -> Response:
        body = _body()
        platform.faults.add(_text(body, "path"), _read_fault(body))
        return jsonify(ok=True)

    return paths


def _read_fault(body: dict[str, Any]) -> Fault:
    return Fault(
        errcode=_number(body, "errcode", -_MOST, _MOST, 0) if "errcode" in body else None,
        status=_number(body, "status", 400, 599, 500) if "status" in body else None,
        delay_ms=_number(body, "delay_ms", 0, 60_000, 0),
        drop=body.get("drop") is True,
        times=_number(body, "times", 0, _MOST, 1),
    )


def _body() -> dict[str, Any]:
    try:
        return read_json()
    except Refusal as refusal:
        raise BadRequest(refusal.errmsg) from None


def _openid(value: object) -> str:
    if not is_openid(value):
        raise BadRequest("openid: 1 to 64 letters, digits, - or _")
    return str(value)


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise BadRequest(f"{name}: a text is needed")
    return value


def _number(body: dict[str, Any], name: str, low: int, high: int, default: int) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadRequest(f"{name}: a whole number from {low} to {high} is needed")
    return value
