"""Dispatch: who may not be asked, who may be asked from elsewhere, rounds, and what was learnt."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base
from village.ids import new_id
from village.models.org import STATIONS, one_of
from village.models.requests import CONSENTS

EXCLUSION_KINDS = ("party", "household", "kin", "contractor", "word", "before")
PAIR_STATES = ("proposed", "active", "paused", "ended")
CIRCLES = (0, 1, 2)  # own station, other stations of the village, neighbouring villages


class Certificate(Base):
    """A skill for which a paper is needed (rules 2.3, art. 16), and until when it is valid."""

    __tablename__ = "certificates"

    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("volunteers.person_id"), primary_key=True)
    skill: Mapped[str] = mapped_column(primary_key=True)
    valid_until: Mapped[date | None] = mapped_column(doc="the last day; None: without an end")
    checked_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    checked_at: Mapped[datetime]


class RequestExclusion(Base):
    """A person who must never be asked for a request: written before the first offer."""

    __tablename__ = "request_exclusions"
    __table_args__ = (sa.CheckConstraint(one_of("kind", EXCLUSION_KINDS), name="kind"),)

    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("requests.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("people.id"), primary_key=True, index=True
    )
    kind: Mapped[str] = mapped_column(doc="`word`: a party does not want her, no reason asked")
    added_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    at: Mapped[datetime]


class RequestParty(Base):
    """Another party to a request than who asks: by account, household, or the name as spoken.

    `is_tied_to_party` of the database knows who is one, of the household of one, or declared kin.
    """

    __tablename__ = "request_parties"
    __table_args__ = (
        sa.CheckConstraint("num_nonnulls(person_id, household, name) = 1", name="one"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("requests.id"), index=True)
    person_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"), index=True)
    household: Mapped[str | None] = mapped_column(doc="a code of the request's village")
    name: Mapped[str | None] = mapped_column(doc="of anybody in the request's village")
    added_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    at: Mapped[datetime]


class DispatchSettings(Base):
    """How a village (station: null) or one of its stations asks; the station's word comes first."""

    __tablename__ = "dispatch_settings"
    __table_args__ = (
        sa.UniqueConstraint("village_code", "station", postgresql_nulls_not_distinct=True),
        sa.CheckConstraint(one_of("station", STATIONS), name="station"),
        sa.CheckConstraint("widest between 0 and 2", name="widest"),
        sa.CheckConstraint(
            "0 <= asks_from and asks_from < asks_to and asks_to <= 1440", name="asking_hours"
        ),
        sa.CheckConstraint("day_cap between 0 and 4 and week_cap between 0 and 14", name="caps"),
        sa.ForeignKeyConstraint(
            ["village_code", "station"], ["stations.village_code", "stations.kind"]
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("org_units.code"))
    station: Mapped[str | None]
    policy: Mapped[str | None] = mapped_column(doc="a version such as paced_strict-1")
    widest: Mapped[int | None] = mapped_column(sa.SmallInteger, doc="the widest circle, 0 to 2")
    hold: Mapped[bool | None] = mapped_column(doc="the next village only on the head's word")
    day_cap: Mapped[int | None] = mapped_column(sa.SmallInteger, doc="messages; never above 4")
    week_cap: Mapped[int | None] = mapped_column(sa.SmallInteger, doc="messages; never above 14")
    asks_from: Mapped[int | None] = mapped_column(
        doc="minute of the Shanghai day from which what is not urgent is asked; None: 8:00"
    )
    asks_to: Mapped[int | None] = mapped_column(doc="None: 20:00")
    set_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    set_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=0, server_default="0")


class DispatchSettingsVersion(Base):
    """Settings as they were from a moment on, and who made them so; a trigger keeps them."""

    __tablename__ = "dispatch_settings_versions"

    settings_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("dispatch_settings.id"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    settings: Mapped[dict[str, Any]]
    changed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    changed_at: Mapped[datetime]


class VillageAgreement(Base):
    """Two villages lend each other volunteers: at one station, or (null, by the chairs) at all.

    In force from `since`, when both sides have agreed, until `until`.
    """

    __tablename__ = "village_agreements"
    __table_args__ = (
        sa.CheckConstraint("village_a < village_b", name="order"),
        sa.CheckConstraint(one_of("station", STATIONS), name="station"),
        sa.CheckConstraint(
            "since is null or (agreed_a_by is not null and agreed_b_by is not null)", name="both"
        ),
        sa.CheckConstraint("km >= 0", name="km"),
        sa.Index(
            "uq_village_agreements_open", "village_a", "village_b", "station", unique=True,
            postgresql_nulls_not_distinct=True, postgresql_where=sa.text("until is null"),
        ),
        sa.Index("ix_village_agreements_b", "village_b"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    village_a: Mapped[str] = mapped_column(sa.ForeignKey("org_units.code"))
    village_b: Mapped[str] = mapped_column(sa.ForeignKey("org_units.code"))
    station: Mapped[str | None]
    km: Mapped[float | None] = mapped_column(doc="the way by road; None: as the crow flies")
    agreed_a_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    agreed_a_at: Mapped[datetime | None]
    agreed_b_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    agreed_b_at: Mapped[datetime | None]
    since: Mapped[datetime | None]
    until: Mapped[datetime | None]
    ended_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))


class Round(Base):
    """One look at one task with all that was known then: for "why", and for the replay.

    Tasks that were decided together share `decision_id`.
    """

    __tablename__ = "rounds"
    __table_args__ = (
        sa.UniqueConstraint("task_id", "n"),
        sa.Index("ix_rounds_decision", "decision_id"),
        sa.Index("ix_rounds_at", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    task_id: Mapped[UUID] = mapped_column(sa.ForeignKey("tasks.id"))
    n: Mapped[int]
    decision_id: Mapped[UUID]
    at: Mapped[datetime]
    policy: Mapped[str]
    seed: Mapped[int] = mapped_column(sa.BigInteger)
    left_out: Mapped[dict[str, Any]] = mapped_column(doc="{filter: how many it left out}")
    task: Mapped[dict[str, Any]] = mapped_column(doc="the task as the policy was given it")
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(doc="prospects, and what is known")
    plan: Mapped[dict[str, Any]] = mapped_column(doc="offers with scores, next look, circle")


class ResponseStat(Base):
    """A fading count of yeses and tries: a village's (person: null), or a volunteer's own.

    Her rows serve to ask her for what she likes and when she can; they are shown to nobody but
    herself, rank nobody, and deleting them is forgetting.
    """

    __tablename__ = "response_stats"
    __table_args__ = (
        sa.UniqueConstraint(
            "person_id", "village_code", "key", postgresql_nulls_not_distinct=True
        ),
        sa.CheckConstraint("(person_id is null) = (village_code is not null)", name="owner"),
        sa.Index("ix_response_stats_village", "village_code"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("volunteers.person_id"))
    village_code: Mapped[str | None] = mapped_column(sa.ForeignKey("org_units.code"))
    key: Mapped[str]
    yes: Mapped[float]
    tries: Mapped[float]
    at: Mapped[datetime] = mapped_column(doc="until when it has faded")


class StandingPair(Base):
    """A volunteer and a villager who have agreed on visits that come again and again."""

    __tablename__ = "standing_pairs"
    __table_args__ = (
        sa.CheckConstraint(one_of("status", PAIR_STATES), name="status"),
        sa.CheckConstraint("person_id <> villager_id", name="two"),
        sa.CheckConstraint("weekday between 0 and 6 and every_weeks between 1 and 52", name="when"),
        sa.CheckConstraint("minutes between 1 and 1440", name="minutes"),
        sa.CheckConstraint(one_of("consent_how", CONSENTS), name="consent_how"),
        sa.ForeignKeyConstraint(
            ["village_code", "station"], ["stations.village_code", "stations.kind"]
        ),
        sa.Index(
            "uq_standing_pairs_live", "villager_id", "person_id", "category", unique=True,
            postgresql_where=sa.text("status <> 'ended'"),
        ),
        sa.Index("ix_standing_pairs_station", "village_code", "station"),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    villager_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("volunteers.person_id"), index=True)
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("org_units.code"))
    station: Mapped[str]
    category: Mapped[str] = mapped_column(sa.ForeignKey("categories.code"))
    request_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("requests.id"), index=True, doc="with which it began; visits are due by it"
    )
    consent_how: Mapped[str | None] = mapped_column(doc="of a villager without an account")
    status: Mapped[str] = mapped_column(default="proposed")
    weekday: Mapped[int | None] = mapped_column(sa.SmallInteger, doc="0 is Monday")
    from_minute: Mapped[int | None] = mapped_column(doc="of the Shanghai day")
    minutes: Mapped[int] = mapped_column(default=60)
    every_weeks: Mapped[int] = mapped_column(sa.SmallInteger, default=1)
    next_at: Mapped[datetime | None] = mapped_column(index=True, doc="the next visit to come")
    note: Mapped[str | None]
    proposed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    proposed_at: Mapped[datetime]
    volunteer_agreed_at: Mapped[datetime | None]
    villager_agreed_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    version: Mapped[int] = mapped_column(default=1)


class ResponseReset(Base):
    """A volunteer had what was learnt of her forgotten, or switched asking by it on or off.

    The log of answers stays; what is made of it again stops at these moments.
    """

    __tablename__ = "response_resets"
    __table_args__ = (sa.Index("ix_response_resets_person", "person_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("volunteers.person_id"))
    at: Mapped[datetime]
    personal: Mapped[bool] = mapped_column(doc="whether her answers count for herself from then on")
