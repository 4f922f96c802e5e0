"""What a village has agreed on: which words go where, with every version of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base
from village.ids import new_id
from village.models.org import one_of

RULE_TARGETS = ("station", "council", "authority")
PROPOSALS = ("open", "accepted", "refused")


class RoutingRule(Base):
    """A routing rule of a village, as it is now; `version` names its row among the versions.

    It holds where every condition that it has holds: one of `words` is in the text and none of
    `unless`, one of `places` in the place or the text, `category` is what the villager chose.
    """

    __tablename__ = "routing_rules"
    __table_args__ = (
        sa.CheckConstraint(one_of("target", RULE_TARGETS), name="target"),
        sa.CheckConstraint(
            "(target = 'station') = (station is not null)"
            " and (target = 'authority') = (referral is not null)",
            name="goal",
        ),
        sa.CheckConstraint(
            "cardinality(words) > 0 or cardinality(places) > 0 or category is not null",
            name="says_something",
        ),
        sa.CheckConstraint("position between 1 and 999", name="position"),
        sa.CheckConstraint(one_of("proposal", PROPOSALS), name="proposal"),
        sa.ForeignKeyConstraint(
            ["village_code", "station"], ["stations.village_code", "stations.kind"]
        ),
        sa.Index("ix_routing_rules_order", "village_code", "position", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("org_units.code"))
    title: Mapped[str]
    position: Mapped[int] = mapped_column(doc="the first rule that holds decides")
    active: Mapped[bool]
    words: Mapped[list[str]]
    unless: Mapped[list[str]]
    places: Mapped[list[str]]
    category: Mapped[str | None] = mapped_column(sa.ForeignKey("categories.code"))
    target: Mapped[str]
    station: Mapped[str | None]
    referral: Mapped[str | None] = mapped_column(doc="a kind of the county's directory")
    version: Mapped[int]
    changed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    changed_at: Mapped[datetime]
    proposal: Mapped[str | None] = mapped_column(doc="None: whoever keeps the rules wrote it")
    proposed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    proposed_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(doc="why the head proposes it")
    answer: Mapped[str | None] = mapped_column(doc="why it was refused")


class RoutingRuleVersion(Base):
    """A rule as it was from a moment on, and who made it so. A trigger refuses every change."""

    __tablename__ = "routing_rule_versions"

    rule_id: Mapped[UUID] = mapped_column(sa.ForeignKey("routing_rules.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[dict[str, Any]]
    changed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    changed_at: Mapped[datetime]
