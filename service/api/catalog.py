"""What everybody may know: villages, stations, categories, and the phone's first call."""

from __future__ import annotations

from typing import Any

from flask import request

from dispatch.routing import directory
from dispatch.routing.emergency import phone_lexicon
from notifications import inbox
from service.door import Call, Door
from service.schemas.catalog import (
    BootstrapSchema,
    CategoriesSchema,
    CategoryQuery,
    DirectorySchema,
    StationsSchema,
    VillagesSchema,
)
from village import clock, eligibility, people
from village.catalog.entries import subscription_moments
from village.catalog.files import read
from village.catalog.forms import form_schema
from village.catalog.privacy import PRIVACY_VERSION
from village.errors import NotFound, Unauthenticated

door = Door("catalog", __name__, description="村、站、类别")


@door.open("GET", "/villages", permission="catalog.read", returns=VillagesSchema)
def list_villages(call: Call) -> dict[str, Any]:
    """The natural villages."""
    return {"items": _villages(call), "next_cursor": None}


def _villages(call: Call) -> list[dict[str, str | None]]:
    return [
        {"code": unit.code, "name": unit.name, "committee": unit.parent_code}
        for unit in call.context.catalog.villages.values()
    ]


@door.open(
    "GET", "/villages/<string:village>/stations", permission="catalog.read",
    returns=StationsSchema,
)  # fmt: skip
def list_stations(call: Call, village: str) -> dict[str, Any]:
    """The five stations of a village."""
    if village not in call.context.catalog.villages:
        raise NotFound
    stations = [
        {"id": address, "kind": station.kind, "name": station.name}
        for address, station in call.context.catalog.stations.items()
        if station.village_code == village
    ]
    return {"items": stations, "next_cursor": None}


@door.open("GET", "/directory", permission="catalog.read", returns=DirectorySchema)
def list_directory(call: Call) -> dict[str, Any]:
    """Who is responsible for what is no village matter, as far as the county has checked it."""
    today = clock.now().astimezone(clock.SHANGHAI).date()
    items = [{**entry.as_advice(), "title": entry.title} for entry in directory.listed(today)]
    body: dict[str, Any] = DirectorySchema().dump({"items": items})
    return body


@door.open(
    "GET", "/categories", permission="catalog.read", query=CategoryQuery,
    returns=CategoriesSchema,
)  # fmt: skip
def list_categories(call: Call, query: dict[str, str]) -> dict[str, Any]:
    """The categories with their limits, task cards and forms."""
    english = _english()
    items = [
        {
            "code": category.code,
            "station": category.station,
            "name": category.en if english else category.zh,
            "priority": category.priority,
            "first_response_hours": category.first_response_hours,
            "resolve_days": category.resolve_days,
            "flags": category.flags,
            "next_step": category.next_step,
            "task_card": category.task_card or None,
            "form": form_schema(category.form),
            "open": call.context.catalog.is_open(category),
        }
        for category in call.context.catalog.categories.values()
        if query.get("station") in (None, category.station)
    ]
    body: dict[str, Any] = CategoriesSchema().dump({"items": items, "next_cursor": None})
    return body


def _english() -> bool:
    return request.accept_languages.best_match(["zh-CN", "zh", "en"], default="zh") == "en"


@door.open("GET", "/bootstrap", permission="catalog.read", returns=BootstrapSchema)
def bootstrap(call: Call) -> dict[str, Any]:
    """Everything that a phone needs at its start, in one call; `unread` only with a token."""
    english = _english()
    catalog = call.context.catalog
    body: dict[str, Any] = {
        "villages": _villages(call),
        "categories": [
            {
                "code": c.code,
                "station": c.station,
                "name": c.en if english else c.zh,
                "open": catalog.is_open(c),
            }
            for c in catalog.categories.values()
        ],
        "station_names": {address: s.name for address, s in catalog.stations.items()},
        "certified_skills": sorted(eligibility.papers()),
        "privacy_version": PRIVACY_VERSION,
        "templates": subscription_moments(catalog.template_ids),
        "lexicon_version": phone_lexicon()["version"],
        "unread": _unread(call),
    }
    if call.context.demo:
        body["demo_people"] = _demo_people(call)
    dumped: dict[str, Any] = BootstrapSchema().dump(body)
    return dumped


def _unread(call: Call) -> int | None:
    header = request.headers.get("Authorization")
    if header is None:
        return None
    try:
        actor = people.load_actor(call.session, call.context.tokens.family_of(header))
    except Unauthenticated:
        return None
    return inbox.unread_count(call.session, actor.person_id) if actor.person_id else None


def _demo_people(call: Call) -> list[dict[str, str]]:
    labels = {row["role"]: row["zh"] for row in read("demo_roles")}
    stations = call.context.catalog.stations
    people_of_demo = []
    for row in read("people"):
        station = stations.get(f"{row['village']}.{row['station']}")
        words = [labels.get(role, role) for role in row["roles"].split("|") if role]
        label = (station.name if station else "") + "、".join(words or ["村民"])
        people_of_demo.append({"code": row["person"], "name": row["name"], "role_label": label})
    return people_of_demo
