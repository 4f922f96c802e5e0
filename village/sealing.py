"""Level-3 answers: kept apart from the others, sealed, and opened for a reader by name alone."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from village import keys
from village.catalog.forms import is_level3
from village.models import Request

Answers = dict[str, Any]


def write(request: Request, answers: Mapping[str, Any]) -> None:
    """Set a request's answers: those of level 3 sealed, the rest as they are."""
    request.answers = {name: value for name, value in answers.items() if not is_level3(name)}
    level3 = {name: value for name, value in answers.items() if is_level3(name)}
    request.sealed_answers = sealed(request.id, level3) if level3 else None


def sealed(request_id: UUID, level3: Answers) -> bytes:
    """Return the level-3 answers of a request as they are kept."""
    return keys.ring().seal(orjson.dumps(level3), bound_to(request_id))


def opened(request: Request) -> Answers:
    """Return the level-3 answers of a request. Raises Unreadable.

    Who reads them for another than herself is noted (`village/access_log.py`).
    """
    if request.sealed_answers is None:
        return {}
    found: Answers = orjson.loads(keys.ring().open(request.sealed_answers, bound_to(request.id)))
    return found


def bound_to(request_id: UUID) -> str:
    """Return to what the sealed answers of a request are bound."""
    return f"answers:{request_id}"


def body_at_rest(body: dict[str, Any], whose: str) -> dict[str, Any]:
    """Return an answer of the API as it is kept to be repeated: sealed where it has level 3."""
    answers = body.get("answers")
    if not isinstance(answers, dict) or not any(map(is_level3, answers)):
        return body
    kept = keys.ring().seal(orjson.dumps(body), f"body:{whose}")
    return {"sealed": base64.b64encode(kept).decode()}


def body_from_rest(kept: dict[str, Any], whose: str) -> dict[str, Any]:
    """Return the answer that `body_at_rest` has kept. Raises Unreadable."""
    if set(kept) != {"sealed"}:
        return kept
    body: dict[str, Any] = orjson.loads(
        keys.ring().open(base64.b64decode(kept["sealed"]), f"body:{whose}")
    )
    return body
