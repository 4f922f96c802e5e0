"""What a request is compared by: the pairs of characters of its words, beside it in an array.

What is confidential is never written there; what gets a station later is written then.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from village.db import table
from village.models import Category, Request, SimilarText
from village.public_face import is_comparable
from village.voices import is_unheard

MOST_GRAMS = 200


def grams(*texts: str) -> list[str]:
    """Return the pairs of neighbouring characters, each once, in the order of the text."""
    found: dict[str, None] = {}
    for text in texts:
        for run in re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).lower()):
            found |= dict.fromkeys(run[at : at + 2] for at in range(len(run) - 1))
    return list(found)[:MOST_GRAMS]


def keep(session: Session, request: Request, category: Category | None) -> None:
    """Write what a request is compared by, once; nothing for what is confidential or unheard."""
    if is_unheard(request):
        return
    found = grams(request.text, place_name(request.place))
    if found and is_comparable(request, category):
        values = {
            "request_id": request.id,
            "village_code": request.village_code,
            "grams": found,
        }
        session.execute(insert(table(SimilarText)).values(values).on_conflict_do_nothing())


def place_name(place: Mapping[str, Any] | None) -> str:
    """Return what a place is called, or an empty text."""
    return str(place["name"]) if place else ""
