"""A voice instead of words: what stands in their place, and who has to hear it first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import files, grounds
from village.access import Actor
from village.errors import Invalid
from village.models import Request

UNHEARD = "voice"  # among the inputs of the decision: there were no words to decide by


def worded(session: Session, actor: Actor, sent: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what was sent with a text: for a voice alone, a sentence that says so.

    Raises Invalid where there is neither.
    """
    if sent.get("text"):
        return sent
    if not files.has_voice(session, actor, sent.get("files") or ()):
        raise Invalid(errors={"text": ["请写一句话，或者录一段话"]})
    return {**sent, "text": grounds.word("voice_alone"), UNHEARD: True}


def is_unheard(request: Request) -> bool:
    """Tell whether its text says only that there is a voice."""
    return bool((request.routing.get("inputs") or {}).get(UNHEARD))


def is_worded() -> sa.ColumnElement[bool]:
    """The same of rows: it came with words of its own."""
    return sa.func.coalesce(Request.routing["inputs"][UNHEARD].as_boolean(), sa.false()).is_(False)
