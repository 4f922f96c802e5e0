"""For operators: does it live, may traffic come, how much is there to do."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from flask import Blueprint, Response, request

from service import health, metrics
from service.context import context
from service.problems import problem, respond
from village import access
from village.relations import LOOPBACK

door = Blueprint("ops", __name__)
PERMISSIONS = {"healthz": "ops.health", "readyz": "ops.health", "show_metrics": "ops.metrics"}


@door.before_request
def guard() -> Response | None:
    """Ask the access table; who may not know that there is something is told that it is not."""
    permission = PERMISSIONS[str(request.endpoint).rpartition(".")[2]]
    if access.allows(permission, _relations()):
        return None
    return respond(problem(404, "not_found", "served to this machine only"))


@door.get("/healthz")
def healthz() -> dict[str, str]:
    """Tell that the process lives."""
    return {"status": "ok"}


@door.get("/readyz")
def readyz() -> tuple[dict[str, Any], int]:
    """Tell how things stand; 503 only without the database or with an old schema."""
    body = health.readiness(context())
    return body, 503 if body["status"] == "down" else 200


@door.get("/metrics")
def show_metrics() -> Response:
    """Prometheus metrics, for callers on this machine only."""
    return Response(metrics.render(context()), mimetype="text/plain; version=0.0.4")


def _relations() -> frozenset[str]:
    """What a proxy forwards comes from somewhere else, whatever address it has."""
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    local = ip_address(request.remote_addr or "0.0.0.0").is_loopback  # noqa: S104
    return frozenset({LOOPBACK} if local and not forwarded else ())
