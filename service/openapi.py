"""The contract: what every endpoint of a kind answers, said once, and the exported document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask_smorest import Api, Blueprint
from werkzeug.exceptions import HTTPException

from service.problems import ProblemSchema, respond_to
from village.matrix import HIDDEN, MATRIX
from village.relations import ANYONE, PUBLIC

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
    415: "Not of the content type that is taken",
    422: "Invalid",
    429: "Too many requests; see Retry-After",
    503: "A dependency is down; see Retry-After",
}
VERSION = '(?:W/)?"?([0-9]{1,9})"?'
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
    "schema": {"type": "string", "pattern": f"^{VERSION}$"},
}


@dataclass(frozen=True)
class Facts:
    """An endpoint as it is declared: what it answers follows from this."""

    method: str
    rule: str
    permission: str
    taken: str | None
    has_query: bool
    keyed: bool
    versioned: bool

    @property
    def opened(self) -> frozenset[str]:
        """The relations that open it."""
        return MATRIX[self.permission]


def document(blueprint: Blueprint, view: View, facts: Facts) -> View:
    """Add what endpoints of this kind answer, and the headers that they take, to the contract."""
    for code in sorted(codes(facts), reverse=True):
        if code == 304:
            view = blueprint.alt_response(304, description=WORDS[304], success=True)(view)
        else:
            view = blueprint.alt_response(
                code,
                schema=ProblemSchema,
                description=WORDS[code],
                content_type="application/problem+json",
            )(view)
    headers = [KEY_HEADER] * facts.keyed + [MATCH_HEADER] * facts.versioned
    private = PUBLIC not in facts.opened
    documented: View = blueprint.doc(
        security=[{"bearer": []}] if private else [], **({"parameters": headers} if headers else {})
    )(view)
    return documented


def codes(facts: Facts) -> set[int]:
    """Return the statuses besides success that an endpoint can answer."""
    found = {429, 503, 304} if facts.method == "GET" else {429, 503, 409}
    if facts.taken:
        found |= {400, 413, 415, 422}
    if facts.versioned:
        found |= {400, 412}
    if facts.has_query or facts.keyed:
        found.add(422)
    return found | _refusals(facts)


def _refusals(facts: Facts) -> set[int]:
    if PUBLIC in facts.opened:
        known = {401} if facts.permission.startswith("auth.") else set()
    else:
        known = {401, 403} if _may_be_forbidden(facts.permission) else {401}
    hidden = "<" in facts.rule or facts.permission in HIDDEN
    return known | {404} if hidden else known


def _may_be_forbidden(permission: str) -> bool:
    """Forbidden is what may be known: more than reading, a workflow's action, a wider scope."""
    if permission.endswith(".act") or any(row.startswith(f"{permission}_") for row in MATRIX):
        return True
    behind = HIDDEN.get(permission)
    return ANYONE not in MATRIX[permission] and behind != permission


class ProblemApi(Api):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest's API with our one shape of error."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = None  # every status is said

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
        "OPENAPI_SWAGGER_UI_CONFIG": {"validatorUrl": None},  # else it asks a foreign host
        "API_SPEC_OPTIONS": {
            "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        },
    }


def export(app: Flask) -> dict[str, Any]:
    """Return the contract of an app as JSON-able data."""
    spec: dict[str, Any] = app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    return spec
