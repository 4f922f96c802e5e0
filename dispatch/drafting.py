"""A request as it is written, from a body and what was found in its words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dispatch.look import Look
from dispatch.routing.flags import HIDE_ME
from village import clock, sealing
from village.access import Actor
from village.catalog.cache import Catalog
from village.ids import new_id
from village.models import Request
from village.workflow.request_words import protect


def draft(actor: Actor, catalog: Catalog, sent: Mapping[str, Any], seen: Look) -> Request:
    """Return the request that `actor` writes with the body `sent`, not yet in the database."""
    routing = seen.routing
    code = routing.category
    chosen = catalog.categories.get(code or "")
    flags = {flag.kind for flag in routing.flags}
    request = Request(
        id=new_id(),
        village_code=sent["village"],
        station=routing.station if routing.decision == "routed" else None,
        category=code,
        requester_id=actor.person_id,
        proxy_id=sent.get("proxy_id"),
        source=sent.get("source"),
        on_behalf_of=sent.get("on_behalf_of"),
        text=sent["text"],
        place=sent.get("place"),
        hide_me=bool(sent.get("hide_me")) or HIDE_ME in flags,
        sealed=False,
        neutral=False,
        consent_version=sent.get("consent_version"),
        priority=routing.priority,
        waits_for=routing.waits_for,
        advice=seen.advice,
        no_volunteer=False,
        routing=seen.record(),
        transfers=0,
        reopened=0,
        created_at=clock.now(),
    )
    sealing.write(request, sent.get("answers") or {})
    protect(request, chosen)
    request.routing["waits_for"] = request.waits_for
    return request
