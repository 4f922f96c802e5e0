"""The application: doors, problems, and the files of the phone and of the documentation."""

from __future__ import annotations

import logging
import time
import uuid
from pathlib import Path
from typing import Any

import flask_swagger_ui
import orjson
from flask import Flask, Response, g, redirect, request, send_from_directory
from flask.json.provider import JSONProvider

from service import problems
from service.api import (
    agreements,
    assisted,
    auth,
    calls,
    catalog,
    complaints,
    duty,
    files,
    follows,
    glass,
    hour_certificates,
    me,
    mydata,
    notifications,
    ops,
    pairs,
    papers,
    preview,
    reports,
    requests,
    rules,
    search,
    service_records,
    stations,
    volunteers,
    wishes,
    work,
)
from service.context import AppContext
from service.headers import protect
from service.openapi import ProblemApi, settings
from village import clock
from village.workflow.engine import trace_id

log = logging.getLogger(__name__)

PREFIX = "/api/v1"
VERSION = "0.1.0"
DOORS = (
    auth, me, mydata, wishes, catalog, assisted, requests, files, preview, follows, work, search,
    service_records, stations, agreements, calls, pairs, rules, notifications, duty, complaints,
    reports, papers, glass, volunteers, hour_certificates,
)  # fmt: skip
MAX_BODY = 256 * 1024
SWAGGER = Path(flask_swagger_ui.__file__).parent / "dist"


class OrjsonProvider(JSONProvider):
    """JSON by orjson: faster, and strict about what it reads."""

    def dumps(self, obj: Any, **options: Any) -> str:
        """Return compact JSON."""
        flags = orjson.OPT_NON_STR_KEYS
        if options.get("sort_keys"):
            flags |= orjson.OPT_SORT_KEYS
        return orjson.dumps(obj, option=flags).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Read JSON; what is malformed is a ValueError."""
        return orjson.loads(s)


def create_app(context: AppContext) -> Flask:
    """Build the WSGI application of an installation."""
    app = Flask("service", static_folder=None)
    app.json = OrjsonProvider(app)
    app.config.update(settings(VERSION), MAX_CONTENT_LENGTH=MAX_BODY)
    app.extensions["wuzhan"] = context
    problems.install(app)
    api = ProblemApi(app)
    for room in DOORS:
        prefix = f"{PREFIX}{room.door.url_prefix or ''}"
        api.register_blueprint(room.door, url_prefix=prefix)
    app.register_blueprint(ops.door)
    _serve_files(app, context.h5_dir)
    app.before_request(_begin)
    app.after_request(_finish)
    return app


def _begin() -> None:
    g.request_id, g.began = uuid.uuid4().hex, time.perf_counter()
    trace_id.set(g.request_id)


def _finish(response: Response) -> Response:
    log.info("answered", extra=_facts(response))
    response.headers["X-Request-Id"] = g.get("request_id", "")
    if request.path.startswith("/api/"):
        response.headers.setdefault("Cache-Control", "private, no-cache")
        response.headers["X-Wuzhan-Now"] = clock.now().isoformat(timespec="milliseconds")
    return protect(response)


def _facts(response: Response) -> dict[str, Any]:
    """Return what a log may say of a call: the rule that matched, never what stood in it."""
    return {
        "request_id": g.get("request_id", ""),
        "method": request.method,
        "rule": str(request.url_rule),
        "status": response.status_code,
        "ms": round((time.perf_counter() - g.get("began", time.perf_counter())) * 1000),
    }


def _serve_files(app: Flask, h5_dir: Path) -> None:
    @app.get("/")
    def home() -> Any:
        """Send people to the phone's page."""
        return redirect("/m/")

    @app.get("/m/", defaults={"name": "index.html"})
    @app.get("/m/<path:name>")
    def phone(name: str) -> Response:
        """Serve the phone's pages."""
        return send_from_directory(h5_dir, name)

    @app.get("/static/swagger/<path:name>")
    def swagger(name: str) -> Response:
        """Serve Swagger UI from this machine."""
        return send_from_directory(SWAGGER, name)
