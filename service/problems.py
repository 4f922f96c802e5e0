"""Errors as RFC 9457 problem details: one shape, one table from error class to status."""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import Any

import marshmallow as ma
import sqlalchemy.exc
from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from service.schemas.base import Shape
from service.schemas.mydata import MatterSchema
from village import errors
from village.catalog.files import read

log = logging.getLogger(__name__)

STATUS: dict[type[errors.WuzhanError], int] = {
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.WrongState: 409,
    errors.LostRace: 409,
    errors.StaleVersion: 412,
    errors.GuardFailed: 422,
    errors.Invalid: 422,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}
CODES = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
    503: "unavailable",
}
RETRYABLE = (429, 503)


class ProblemSchema(Shape):
    """An error: `title` is for a villager to read, `detail` for the client's developer."""

    type = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    code = ma.fields.String(required=True)
    detail = ma.fields.String(required=True)
    request_id = ma.fields.String(required=True)
    retryable = ma.fields.Boolean(required=True)
    errors = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.List(ma.fields.String()))
    allowed_actions = ma.fields.List(ma.fields.String())
    current_status = ma.fields.String()
    version = ma.fields.Integer()
    waits_for = ma.fields.String()
    open = ma.fields.List(ma.fields.Nested(MatterSchema))


def status_of(error: errors.WuzhanError) -> int:
    """Return the HTTP status of a domain error."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def problem(
    status: int, code: str, detail: str, *, retryable: bool = False, **extra: Any
) -> dict[str, Any]:
    """Return the body of a problem."""
    return {
        "type": f"urn:wuzhan:problem:{code}",
        "title": title(code, status),
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": g.get("request_id", ""),
        "retryable": retryable or status in RETRYABLE,
        **extra,
    }


def title(code: str, status: int) -> str:
    """Return the words for a villager: by code, else by what the status means."""
    titles = {row["code"]: row for row in read("problem_titles")}
    row = titles.get(code) or titles.get(CODES.get(status, "error")) or titles["error"]
    return row["en" if _english() else "zh"]


def _english() -> bool:
    return request.accept_languages.best_match(["zh-CN", "zh", "en"], default="zh") == "en"


def body_of(error: errors.WuzhanError | HTTPException) -> dict[str, Any]:
    """Return the problem body of any error that a caller has caused."""
    if isinstance(error, errors.WuzhanError):
        return problem(
            status_of(error), error.code, error.detail, retryable=error.retryable, **error.extra
        )
    status = error.code or 500
    data: dict[str, Any] = getattr(error, "data", None) or {}
    extra: dict[str, Any] = {}
    if "messages" in data:
        extra["errors"] = {}
        for found in data["messages"].values():  # by location: json or query
            extra["errors"] |= flatten(found)
    code = data.get("code") or CODES.get(status, "error")
    return problem(status, code, data.get("detail") or error.description or code, **extra)


def flatten(messages: Any, prefix: str = "") -> dict[str, list[str]]:
    """Return marshmallow's nested messages as field path → messages."""
    if not isinstance(messages, dict):
        texts = messages if isinstance(messages, list) else [messages]
        return {prefix or "body": [_in_words(str(text)) for text in texts]}
    found: dict[str, list[str]] = {}
    for name, below in messages.items():
        path = prefix if name == "_schema" else f"{prefix}.{_readable(str(name))}".lstrip(".")
        found |= flatten(below, path)
    return found


def _in_words(text: str) -> str:
    """Return marshmallow's English in a villager's words, where the catalog has them."""
    if _english():
        return text
    for pattern, words in _field_messages():
        if found := pattern.fullmatch(text):
            return words.format(*found.groups())
    return text


@cache
def _field_messages() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(row["pattern"]), row["zh"]) for row in read("field_messages")]


def _readable(name: str) -> str:
    """An unknown field's name is the caller's: no NUL that PostgreSQL could not keep, no novel."""
    return "".join(char if char.isprintable() else "\ufffd" for char in name[:80])


def respond(body: dict[str, Any], after_seconds: int = 5) -> Response:
    """Return a problem as a response; `after_seconds`: when it makes sense to try again."""
    response = current_app.response_class(
        current_app.json.dumps(body), status=body["status"], mimetype="application/problem+json"
    )
    if body["status"] == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if body["retryable"]:
        response.headers["Retry-After"] = str(after_seconds)
    return response


def respond_to(error: HTTPException) -> Response:
    """Return an error of the framework's as a problem."""
    response = respond(body_of(error))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def install(app: Flask) -> None:
    """Give every error of the app this shape."""
    app.register_error_handler(errors.WuzhanError, _on_domain_error)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(sqlalchemy.exc.OperationalError, _on_database_away)
    app.register_error_handler(sqlalchemy.exc.TimeoutError, _on_database_away)
    app.register_error_handler(sqlalchemy.exc.InternalError, _on_internal_error)
    app.register_error_handler(Exception, _on_bug)


def _on_domain_error(error: errors.WuzhanError) -> Response:
    return respond(body_of(error), getattr(error, "after_seconds", 5))


def _on_http_error(error: HTTPException) -> Any:
    if error.code is not None and error.code < 400:
        return error
    return respond_to(error)


def _on_database_away(error: Exception) -> Response:
    log.warning("database away", extra={"error": type(error).__name__})
    return respond(problem(503, "unavailable", "the database does not answer"))


def _on_internal_error(error: sqlalchemy.exc.InternalError) -> Response:
    """Tell an ill server from our bug: to PostgreSQL a file that cannot grow is of class XX."""
    if not str(getattr(error.orig, "sqlstate", "")).startswith("XX"):
        return _on_bug(error)
    log.error("database ill", extra={"sqlstate": getattr(error.orig, "sqlstate", "")})
    return respond(problem(503, "unavailable", "the database cannot do it now"))


def _on_bug(error: Exception) -> Response:
    log.error("unexpected error", exc_info=error, extra={"request_id": g.get("request_id", "")})
    return respond(problem(500, "error", "unexpected error"))
