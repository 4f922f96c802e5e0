"""The caller as she meets herself."""

from __future__ import annotations

from typing import Any

from service.context import AppContext
from village.access import Actor, Grant
from village.catalog.files import read
from village.catalog.privacy import PRIVACY_VERSION


def describe(context: AppContext, actor: Actor) -> dict[str, Any]:
    """Return the caller's person: name, village, offices, and what is still needed of her."""
    return {
        "id": actor.person_id,
        "name": actor.name,
        "village": actor.village,
        "roles": [_role(context, grant) for grant in actor.grants],
        "is_volunteer": actor.volunteer,
        "needs": needs(actor),
    }


def needs(actor: Actor) -> list[str]:
    """Return what a person must still do before she can ask for help."""
    missing = {
        "privacy": actor.consent != PRIVACY_VERSION,
        "profile": not actor.name,
        "village": actor.village is None,
    }
    return [need for need, is_missing in missing.items() if is_missing]


def _role(context: AppContext, grant: Grant) -> dict[str, Any]:
    words = {row["role"]: row["zh"] for row in read("role_labels")}
    label = words.get(grant.role, grant.role)
    if grant.station is not None:
        station = context.catalog.stations.get(f"{grant.unit}.{grant.station}")
        label = f"{station.name if station else ''}{label}"
    return {"role": grant.role, "village": grant.unit, "station": grant.station, "label": label}
