"""WeChat's own paths, with WeChat's errcodes and strictness.

Every answer is HTTP 200 with JSON as text/plain. Errors carry errcode and errmsg with a rid;
session and token answers carry no errcode. Codes: the page of each endpoint in WeChat's server
documentation.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, g, request

from wechat.sandbox.credentials import Clock, Codes, Tokens
from wechat.sandbox.faults import Faults, Refusal
from wechat.sandbox.phones import Phones
from wechat.sandbox.rules import first_invalid

Json = dict[str, Any]

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
STATES = ("developer", "trial", "formal")
LANGUAGES = ("zh_CN", "en_US", "zh_HK", "zh_TW")
# WeChat's published example of a text that its content check must find risky.
RISKY_SAMPLE = "特3456书yuuo莞6543李zxcz蒜7782法fgnv级"

_OPENID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PAGE = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*(\?[!-~]*)?")


@dataclass(frozen=True)
class Platform:
    """The account a stand-in serves and what it remembers.

    `templates` lists the known template ids, or maps each to its keys; None takes any id.
    """

    appid: str
    secret: str
    templates: Mapping[str, Iterable[str]] | Iterable[str] | None
    clock: Clock
    codes: Codes
    tokens: Tokens
    phones: Phones
    faults: Faults


def reply(body: Json) -> Response:
    """`body` the way WeChat sends it."""
    return Response(json.dumps(body, ensure_ascii=False), mimetype="text/plain")


def refuse(errcode: int, errmsg: str) -> Response:
    """An error the way WeChat sends it, with a fresh rid."""
    rid = "-".join(secrets.token_hex(4) for _ in range(3))
    return reply({"errcode": errcode, "errmsg": f"{errmsg} rid: {rid}"})


def wechat_paths(platform: Platform) -> Blueprint:
    """The blueprint with WeChat's paths."""
    paths = Blueprint("wechat", __name__)
    views: Mapping[str, Callable[[Platform], Json]] = {
        "/sns/jscode2session": _jscode2session,
        "/cgi-bin/token": _token,
        "/cgi-bin/stable_token": _stable_token,
        "/cgi-bin/message/subscribe/send": _send,
        "/wxa/msg_sec_check": _msg_sec_check,
        "/wxa/business/getuserphonenumber": _phone_number,
    }
    for path, view in views.items():
        paths.add_url_rule(
            path, path.replace("/", "_"), _answering(view, platform), methods=METHODS
        )
    return paths


def read_json() -> Json:
    """The request's JSON object; refuses 44002 (empty) and 47001 (anything else)."""
    raw = request.get_data()
    if not raw:
        raise Refusal(44002, "empty post data")
    try:
        body = json.loads(raw.decode("utf-8"))
        # A lone surrogate parses, but could be neither stored nor sent on.
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Refusal(47001, "data format error")
    return body


def is_openid(value: object) -> bool:
    """Whether `value` has the shape of an openid."""
    return isinstance(value, str) and _OPENID.fullmatch(value) is not None


def _answering(view: Callable[[Platform], Json], platform: Platform) -> Callable[[], Response]:
    return lambda: reply(view(platform))


def _jscode2session(platform: Platform) -> Json:
    _only("GET")
    _check_account(platform, request.args, "authorization_code")
    code = request.args.get("js_code")
    if not code:
        raise Refusal(41008, "missing code")
    openid = platform.codes.redeem(code)
    platform.phones.saw(openid)
    session_key = base64.b64encode(secrets.token_bytes(16)).decode()
    return {"session_key": session_key, "openid": openid}


def _token(platform: Platform) -> Json:
    _only("GET")
    _check_account(platform, request.args, "client_credential")
    token, seconds = platform.tokens.plain()
    return {"access_token": token, "expires_in": seconds}


def _stable_token(platform: Platform) -> Json:
    _only("POST")
    body = read_json()
    _check_account(platform, body, "client_credential")
    token, seconds = platform.tokens.stable(force=body.get("force_refresh") is True)
    return {"access_token": token, "expires_in": seconds}


def _send(platform: Platform) -> Json:
    body = _read_with_token(platform)
    openid = body.get("touser")
    if not is_openid(openid):
        raise Refusal(40003, "invalid openid")
    message = _read_message(platform, body)
    platform.phones.begin_send(str(openid))
    g.sending_to = openid
    msgid = platform.phones.deliver(str(openid), message)
    return {"errcode": 0, "errmsg": "ok", "msgid": msgid}


def _msg_sec_check(platform: Platform) -> Json:
    body = _read_with_token(platform)
    content = body.get("content")
    if body.get("version") not in (2, "2") or not isinstance(content, str) or not content:
        raise Refusal(47001, "data format error")
    if len(content) > 2500:
        raise Refusal(45002, "content size out of limit")
    if body.get("scene") not in (1, 2, 3, 4):
        raise Refusal(40129, "invalid scene")
    if not is_openid(body.get("openid")):
        raise Refusal(40003, "invalid openid")
    if not platform.phones.seen_lately(body["openid"]):
        raise Refusal(61010, "code is expired")
    return _verdict(risky=RISKY_SAMPLE in content)


def _phone_number(platform: Platform) -> Json:
    body = _read_with_token(platform)
    number = platform.codes.redeem_phone(str(body.get("code") or ""))
    watermark = {"timestamp": int(platform.clock()), "appid": platform.appid}
    info = {"phoneNumber": number, "purePhoneNumber": number, "countryCode": "86"}
    return {"errcode": 0, "errmsg": "ok", "phone_info": {**info, "watermark": watermark}}


def _verdict(*, risky: bool) -> Json:
    result = {"suggest": "risky", "label": 20001} if risky else {"suggest": "pass", "label": 100}
    detail = {"strategy": "content_model", "errcode": 0, "prob": 90, **result}
    trace_id = secrets.token_hex(16)
    return {
        "errcode": 0,
        "errmsg": "ok",
        "result": result,
        "detail": [detail],
        "trace_id": trace_id,
    }


def _only(method: str) -> None:
    if request.method != method:
        code = 43002 if method == "POST" else 43001
        raise Refusal(code, f"require {method} method")


def _check_account(platform: Platform, given: Mapping[str, object], grant_type: str) -> None:
    if given.get("grant_type") != grant_type:
        raise Refusal(40002, "invalid grant_type")
    if not given.get("appid"):
        raise Refusal(41002, "appid missing")
    if given.get("appid") != platform.appid:
        raise Refusal(40013, "invalid appid")
    if not given.get("secret"):
        raise Refusal(41004, "appsecret missing")
    if given.get("secret") != platform.secret:
        raise Refusal(40125, "invalid appsecret")


def _read_with_token(platform: Platform) -> Json:
    """The body of a POST whose access token is where it belongs: in the query, not the body."""
    _only("POST")
    token = request.args.get("access_token")
    if token is not None:
        platform.tokens.check(token)
    body = read_json()
    if "access_token" in body:
        raise Refusal(47001, "data format error")
    if token is None:
        raise Refusal(41001, "access_token missing")
    return body


def _read_message(platform: Platform, body: Json) -> Json:
    template_id, page, data = body.get("template_id"), body.get("page"), body.get("data")
    keys = _keys_of(platform.templates, template_id)
    if page is not None and not (isinstance(page, str) and _PAGE.fullmatch(page)):
        raise Refusal(41030, "invalid page")
    for name, allowed in (("miniprogram_state", STATES), ("lang", LANGUAGES)):
        if body.get(name) not in allowed:
            raise Refusal(47003, f"argument invalid! {name} invalid")
    if not isinstance(data, dict) or not data:
        raise Refusal(47003, "argument invalid! data invalid")
    wrong = first_invalid(data, keys)
    if wrong is not None:
        raise Refusal(47003, f"argument invalid! data.{wrong}.value invalid")
    return {
        "template_id": template_id,
        "page": page,
        "miniprogram_state": body["miniprogram_state"],
        "data": {key: entry["value"] for key, entry in data.items()},
        "received_at": datetime.fromtimestamp(platform.clock(), UTC).isoformat(),
    }


def _keys_of(
    templates: Mapping[str, Iterable[str]] | Iterable[str] | None, template_id: object
) -> frozenset[str]:
    """The keys the template asks for (empty: any); refuses 40037."""
    if not isinstance(template_id, str) or not template_id:
        raise Refusal(40037, "invalid template_id")
    if templates is not None and template_id not in templates:
        raise Refusal(40037, "invalid template_id")
    return frozenset(templates[template_id] if isinstance(templates, Mapping) else ())
