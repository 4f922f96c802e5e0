"""The contract: what every endpoint of a kind answers, said once, and the exported document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask_smorest import Api, Blueprint
from werkzeug.exceptions import HTTPException

from service.problems import ProblemSchema, respond_to
from village import access

View = Callable[..., Any]
WORDS = {
    304: "Not changed since the ETag that was sent",
    400: "Malformed",
    401: "No token, or not a good one",
    403: "Readable, but not allowed",
    404: "Unknown, or not yours to know",
    409: "Wrong state, or a lost race",
    412: "Changed since the version in If-Match",
    413: "Too large",
    415: "Not JSON",
    422: "Invalid",
    429: "Too many requests; see Retry-After",
    503: "A dependency is down; see Retry-After",
}
KEY_HEADER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "Same key and body: the first answer is given again, for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
MATCH_HEADER = {
    "in": "header",
    "name": "If-Match",
    "required": False,
    "description": "The version that the change builds on.",
    "schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$'},
}


def document(
    blueprint: Blueprint, view: View, method: str, permission: str, *, has_input: bool
) -> View:
    """Add what all endpoints of this kind answer to the contract of one."""
    private = access.PUBLIC not in access.MATRIX[permission]
    codes = [400, 404, 503]
    codes += [401, 403] if private else [401]
    codes += [304] if method == "GET" else [409, 412, 413, 415, 422]
    codes += [422] if has_input and method == "GET" else []
    for code in sorted(codes, reverse=True):
        if code == 304:
            view = blueprint.alt_response(304, description=WORDS[304], success=True)(view)
        else:
            view = blueprint.alt_response(
                code,
                schema=ProblemSchema,
                description=WORDS[code],
                content_type="application/problem+json",
            )(view)
    extra: dict[str, Any] = {"security": [{"bearer": []}] if private else []}
    if method != "GET":
        extra["parameters"] = [KEY_HEADER, MATCH_HEADER] if private else [KEY_HEADER]
    documented: View = blueprint.doc(**extra)(view)
    return documented


class ProblemApi(Api):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest's API with our one shape of error."""

    ERROR_SCHEMA = ProblemSchema

    def handle_http_exception(self, error: HTTPException) -> Any:
        """Answer errors of flask-smorest and werkzeug as problems."""
        return respond_to(error)


def settings(version: str) -> dict[str, Any]:
    """Return flask-smorest's configuration of the document."""
    return {
        "API_TITLE": "Wuzhan 五站",
        "API_VERSION": version,
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": "/",
        "OPENAPI_JSON_PATH": "openapi.json",
        "OPENAPI_SWAGGER_UI_PATH": "/docs",
        "OPENAPI_SWAGGER_UI_URL": "/static/swagger/",
        "API_SPEC_OPTIONS": {
            "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        },
    }


def export(app: Flask) -> dict[str, Any]:
    """Return the contract of an app as JSON-able data."""
    spec: dict[str, Any] = app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    return spec
