"""Scenario files: the guesses behind an invented district, as JSON, with their limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, validate
from marshmallow.fields import Float, Integer, List, String

from dispatch.policies import registry


class ScenarioError(ValueError):
    """A scenario file cannot be played; the text names the file, the field and what is wrong."""


def _number(usual: float, least: float, most: float) -> Any:
    return field(default=usual, metadata={"range": (least, most)})


@dataclass(frozen=True)
class Scenario:
    """What a scenario file may set; chances in [0, 1], distances in km."""

    name: str = "scenario"
    villages: int = _number(4, 1, 25)
    volunteers: int = _number(12, 1, 500)  # of each village
    requests_a_day: float = _number(1.0, 0.01, 100)  # of each village
    weeks: int = _number(8, 1, 104)
    soon: float = _number(0.65, 0, 1)  # part of the requests of a priority P0 to P2
    apart_km: float = _number(2.5, 0, 100)  # villages stand on a square grid
    radius_km: float = _number(0.8, 0, 50)
    lends: float = _number(0.7, 0, 1)  # part of the volunteers who would go to the next village
    lends_km: float = _number(4.0, 0, 100)
    other_stations: float = _number(0.5, 0, 1)  # part who would also help another station
    has_skill: float = _number(0.7, 0, 1)
    mean_logit: float = _number(0.0, -5, 5)  # of a yes at her door
    spread: float = _number(1.0, 0, 5)
    taste: float = _number(0.6, 0, 5)
    logit_per_km: float = _number(-0.35, -5, 0)
    rest_hours: float = _number(4.0, 0, 168)
    tolerance: float = _number(12.0, 0, 1000)  # messages a week
    annoyance: float = _number(0.12, 0, 5)  # logit for each message more
    mutes: float = _number(0.01, 0, 1)  # chance for each message more
    no_show: float = _number(0.04, 0, 1)
    answer_minutes: float = _number(6.0, 0.1, 1440)
    day_cap: int = _number(4, 1, 100)
    week_cap: int = _number(14, 1, 700)
    seeds: int = _number(12, 1, 1000)
    policies: tuple[str, ...] = ("paced_strict-1", "robin_rested-1")


def load(path: Path) -> Scenario:
    """Read a scenario file; ScenarioError names the field that is wrong."""
    try:
        given = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ScenarioError(f"{path.name}: no JSON ({error})") from error
    try:
        found = _schema().load(given)
    except ValidationError as error:
        raise ScenarioError(f"{path.name}: {'; '.join(_said(error.messages))}") from error
    if "policies" in found:
        found["policies"] = tuple(found["policies"])
    return Scenario(**{"name": path.stem} | found)


def _schema() -> Schema:
    """The limits above as a schema; it refuses what it does not know."""
    numbers = {
        one.name: (
            Integer(strict=True, **_within(one)) if one.type == "int" else Float(**_within(one))
        )
        for one in fields(Scenario)
        if one.metadata
    }
    known = validate.OneOf([*registry.versions(), *registry.RULES], error="no such policy")
    policies = List(String(validate=known), validate=validate.Length(min=1))
    name = String(validate=validate.Length(1, 200))
    return Schema.from_dict({"name": name, "policies": policies, **numbers})()


def _within(one: Any) -> dict[str, Any]:
    least, most = one.metadata["range"]
    return {"validate": validate.Range(least, most, error=f"must lie between {least} and {most}")}


def _said(messages: Any, where: str = "") -> Iterator[str]:
    """Flatten the schema's messages to `field: what is wrong`."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            yield from _said(inner, f"{where}.{name}" if where else str(name))
    else:
        yield f"{where.removeprefix('_schema') or 'file'}: {' '.join(map(str, messages))}"
