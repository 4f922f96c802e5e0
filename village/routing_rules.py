"""Routing rules that a village keeps: read at every request, written by the chair."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village.db import table
from village.models import RoutingRule
from village.models.routing import PROPOSALS
from village.models.routing import RULE_TARGETS as TARGETS

__all__ = ["PROPOSALS", "TARGETS", "ActiveRule", "active", "plain"]

UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))


@dataclass(frozen=True)
class ActiveRule:
    """A rule that is in force, as routing reads it."""

    id: UUID
    version: int
    title: str
    position: int
    words: list[str]
    unless: list[str]
    places: list[str]
    category: str | None
    target: str
    station: str | None
    referral: str | None

    def named(self) -> dict[str, Any]:
        """Name the rule in a decision that it made: `{id, version, referral}`."""
        return {"id": str(self.id), "version": self.version, "referral": self.referral}


def plain(text: str) -> str:
    """Return `text` as rules are compared with it: one width, small letters, no blanks."""
    return "".join(unicodedata.normalize("NFKC", text).translate(UNSEEN).casefold().split())


def active(session: Session, village: str) -> list[ActiveRule]:
    """Return the rules of a village (its code) that are in force, in their order."""
    return [ActiveRule(*row) for row in session.execute(_active(), {"village": village})]


@cache
def _active() -> sa.Select[*tuple[Any, ...]]:
    """Build the statement once: it runs at every request that is written."""
    rules = table(RoutingRule)
    columns = [rules.c[name] for name in ActiveRule.__dataclass_fields__]
    mine = sa.and_(rules.c.village_code == sa.bindparam("village"), rules.c.active)
    return sa.select(*columns).where(mine).order_by(rules.c.position, rules.c.id)
