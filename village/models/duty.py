"""Who is on duty, who is away and who covers for her, and whom a clerk is to phone."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base
from village.ids import new_id
from village.models.org import STATIONS, one_of


class Absence(Base):
    """An officer is away: she is not called at night, and `cover_id` holds her office meanwhile."""

    __tablename__ = "absences"
    __table_args__ = (
        sa.CheckConstraint("starts_at < ends_at", name="order"),
        sa.CheckConstraint("cover_id <> person_id", name="two"),
        sa.Index("ix_absences_village", "village_code", "ends_at"),
    )

    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"), primary_key=True)
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("org_units.code"), primary_key=True)
    cover_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    set_by: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    set_at: Mapped[datetime]


class DutyShift(Base):
    """An officer's turn on the duty rota of a village, or (station) of one of its stations."""

    __tablename__ = "duty_shifts"
    __table_args__ = (
        sa.CheckConstraint("starts_at < ends_at", name="order"),
        sa.CheckConstraint(one_of("station", STATIONS), name="station"),
        sa.ForeignKeyConstraint(
            ["village_code", "station"], ["stations.village_code", "stations.kind"]
        ),
        sa.Index("ix_duty_shifts_village", "village_code", "ends_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("org_units.code"))
    station: Mapped[str | None] = mapped_column(doc="None: for whatever station it is")
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class PhoneTask(Base):
    """A clerk is to phone the village's officers, since nobody there has looked (duty ladder)."""

    __tablename__ = "phone_tasks"
    __table_args__ = (
        sa.UniqueConstraint("request_id"),
        sa.Index("ix_phone_tasks_unit", "unit_code", postgresql_where=sa.text("done_at is null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("requests.id"))
    unit_code: Mapped[str] = mapped_column(sa.ForeignKey("org_units.code"))
    created_at: Mapped[datetime]
    reached: Mapped[bool | None] = mapped_column(doc="whether somebody answered the phone")
    done_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    done_at: Mapped[datetime | None]
