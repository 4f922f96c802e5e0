"""Service records: the minutes a volunteer gave, on the word of two persons (3.8)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base
from village.ids import new_id
from village.models.org import one_of

RECORD_STATES = ("drafted", "posted", "disputed", "corrected", "final")
RECORD_STEPS = ("draft", "confirm", "dispute", "correct", "finish")


class ServiceRecord(Base):
    """The minutes of one volunteer at one task; `corrected` and `final` stay as they are."""

    __tablename__ = "service_records"
    __table_args__ = (
        sa.CheckConstraint(one_of("status", RECORD_STATES), name="status"),
        sa.CheckConstraint("minutes between 0 and 1440", name="minutes"),
        sa.CheckConstraint("confirmed_by <> person_id", name="second"),
        sa.UniqueConstraint("task_id", "person_id"),
        sa.Index("ix_service_records_mine", "person_id", "id"),
        sa.Index("ix_service_records_station", "village_code", "station", "id"),
        sa.Index(
            "ix_service_records_due", "due_at", postgresql_where=sa.text("due_at is not null")
        ),
        sa.ForeignKeyConstraint(
            ["village_code", "station"], ["stations.village_code", "stations.kind"]
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    task_id: Mapped[UUID] = mapped_column(sa.ForeignKey("tasks.id"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    village_code: Mapped[str]
    station: Mapped[str]
    minutes: Mapped[int]
    status: Mapped[str]
    confirmed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    disputed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    served_at: Mapped[datetime] = mapped_column(doc="when the work was done")
    due_at: Mapped[datetime | None] = mapped_column(doc="None: nothing is waited for any more")
    reminded: Mapped[bool] = mapped_column(doc="the station was told; next the chair is, too")


class ServiceRecordStep(Base):
    """What happened to a record: only added to."""

    __tablename__ = "service_record_steps"
    __table_args__ = (
        sa.CheckConstraint(one_of("step", RECORD_STEPS), name="step"),
        sa.Index("ix_service_record_steps_record", "record_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    record_id: Mapped[UUID] = mapped_column(sa.ForeignKey("service_records.id"))
    step: Mapped[str]
    by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"), doc="None: the clock")
    minutes: Mapped[int]
    text: Mapped[str | None]
    at: Mapped[datetime]
