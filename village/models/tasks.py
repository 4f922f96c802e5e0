"""Tasks, their places, and the offers by which volunteers are invited."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base
from village.ids import new_id
from village.models.org import one_of

TASK_STATES = ("open", "filled", "done", "cancelled")
PLACE_STATES = ("open", "taken", "checked_in", "completed")
OFFER_STATES = (
    "offered",
    "accepted",
    "declined",
    "expired",
    "withdrawn",
    "checked_in",
    "completed",
    "released",
    "no_show",
)
OFFER_SOURCES = ("policy", "chance", "hand", "pair")


class Task(Base):
    """A piece of work for volunteers, on the card that the head has confirmed."""

    __tablename__ = "tasks"
    __table_args__ = (
        sa.CheckConstraint(one_of("status", TASK_STATES), name="status"),
        sa.CheckConstraint("people_needed between 1 and 20", name="people_needed"),
        sa.CheckConstraint("risk between 0 and 3", name="risk"),
        sa.CheckConstraint("minutes between 1 and 1440", name="minutes"),
        sa.CheckConstraint("starts_at < ends_at", name="time"),
        sa.CheckConstraint("widest between 0 and 2 and circle between 0 and 2", name="circle"),
        sa.CheckConstraint("held_from between 1 and 2", name="held_from"),
        sa.Index(
            "uq_tasks_live",
            "request_id",
            unique=True,
            postgresql_where=sa.text("status in ('open', 'filled')"),
        ),
        sa.ForeignKeyConstraint(
            ["village_code", "station"], ["stations.village_code", "stations.kind"]
        ),
        sa.Index("ix_tasks_station", "village_code", "station", "id"),
        sa.Index("ix_tasks_open", "village_code", postgresql_where=sa.text("status = 'open'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("requests.id"), index=True)
    village_code: Mapped[str]
    station: Mapped[str]
    what: Mapped[str]
    skills: Mapped[list[str]]
    risk: Mapped[int]
    minutes: Mapped[int]
    people_needed: Mapped[int]
    place: Mapped[dict[str, Any] | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(default="open")
    wave: Mapped[int] = mapped_column(default=0)
    wave_ends_at: Mapped[datetime | None]
    policy: Mapped[str | None]
    circle: Mapped[int] = mapped_column(
        sa.SmallInteger, default=0, server_default="0", doc="the widest one asked so far"
    )
    widest: Mapped[int | None] = mapped_column(
        sa.SmallInteger, doc="the head's word for this task; None: as the station's settings say"
    )
    hold: Mapped[bool] = mapped_column(
        default=False, server_default=sa.false(), doc="nobody of `held_from` and wider for now"
    )
    held_from: Mapped[int] = mapped_column(
        sa.SmallInteger, default=2, server_default="2", doc="1: the village's other stations, too"
    )
    village_at: Mapped[datetime | None] = mapped_column(
        doc="from then on the village's other stations are asked, unless the head holds it"
    )
    widens_at: Mapped[datetime | None] = mapped_column(
        doc="from then on the next villages are asked, unless the head holds it"
    )
    next_wake: Mapped[datetime | None] = mapped_column(doc="the next look at it")
    shown_as_of: Mapped[datetime | None] = mapped_column(doc="the look that a head is shown")
    shown_until: Mapped[datetime | None] = mapped_column(doc="the next look that she was told of")
    short: Mapped[int] = mapped_column(
        sa.SmallInteger,
        default=0,
        server_default="0",
        doc="how many more the last look wanted to ask and could not",
    )
    starving: Mapped[bool] = mapped_column(
        default=False, server_default=sa.false(), doc="the last look lacked people to ask"
    )
    created_at: Mapped[datetime]


class Place(Base):
    """One of the `people_needed` places of a task; taken by at most one person."""

    __tablename__ = "places"
    __table_args__ = (
        sa.CheckConstraint(one_of("status", PLACE_STATES), name="status"),
        sa.CheckConstraint("(status = 'open') = (person_id is null)", name="holder"),
        sa.UniqueConstraint("task_id", "person_id"),
        sa.Index("ix_places_person", "person_id", "status"),
        sa.Index(
            "ix_places_completed",
            "completed_at",
            postgresql_where=sa.text("status = 'completed'"),
        ),
        postgresql.ExcludeConstraint(
            ("person_id", "="),
            ("busy", "&&"),
            where=sa.text("status in ('taken', 'checked_in')"),
            using="gist",
            name="ex_places_overlap",
        ),
    )

    task_id: Mapped[UUID] = mapped_column(sa.ForeignKey("tasks.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(default="open")
    person_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    arrival: Mapped[datetime | None]
    busy: Mapped[Any | None] = mapped_column(
        postgresql.TSTZRANGE, doc="when she is there, where that is agreed; no two may overlap"
    )
    minutes: Mapped[int | None]
    result: Mapped[str | None]
    taken_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]


class Offer(Base):
    """An invitation to one volunteer. Nobody but herself sees that she declined."""

    __tablename__ = "offers"
    __table_args__ = (
        sa.CheckConstraint(one_of("status", OFFER_STATES), name="status"),
        sa.UniqueConstraint("task_id", "person_id"),
        sa.CheckConstraint(one_of("source", OFFER_SOURCES), name="source"),
        sa.CheckConstraint("circle between 0 and 2", name="circle"),
        sa.Index("ix_offers_person", "person_id", "status", "id"),
        sa.Index("ix_offers_asked", "person_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    task_id: Mapped[UUID] = mapped_column(sa.ForeignKey("tasks.id"))
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("requests.id"), index=True)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("volunteers.person_id"))
    status: Mapped[str] = mapped_column(default="offered")
    wave: Mapped[int]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    source: Mapped[str] = mapped_column(
        default="policy", server_default="policy", doc="by policy, by chance (2 %), by hand, a pair"
    )
    picked_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    policy: Mapped[str | None]
    circle: Mapped[int] = mapped_column(sa.SmallInteger, default=0, server_default="0")
    km: Mapped[float] = mapped_column(default=0.0, server_default="0")
    kind: Mapped[str | None] = mapped_column(doc="category, else station, when she was asked")
    chance: Mapped[float | None] = mapped_column(doc="of a yes if she hears of it, as predicted")
    heard: Mapped[float | None] = mapped_column(doc="chance that she noticed it")
    score: Mapped[float | None]
    propensity: Mapped[float | None] = mapped_column(doc="chance with which she was chosen")
    seed: Mapped[int | None] = mapped_column(sa.BigInteger)
    opened_at: Mapped[datetime | None] = mapped_column(doc="first seen on her phone")
    stands_by: Mapped[bool] = mapped_column(
        default=False, server_default=sa.false(), doc="would come if somebody cannot"
    )
    silent_at: Mapped[datetime | None] = mapped_column(doc="silence was learnt from")
    said_yes: Mapped[bool | None] = mapped_column(doc="the answer that was learnt from")
    said_at: Mapped[datetime | None] = mapped_column(doc="when it was learnt from")
    version: Mapped[int] = mapped_column(default=1)
