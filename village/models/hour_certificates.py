"""Papers on a volunteer's hours that the villagers' committee issues (3.8, 民政部令67)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base
from village.ids import new_id
from village.models.org import one_of

CERTIFICATE_STATES = ("requested", "checked", "issued", "refused", "revoked")


class HourCertificate(Base):
    """志愿服务记录证明: what it says is as it was when it was checked."""

    __tablename__ = "hour_certificates"
    __table_args__ = (
        sa.CheckConstraint(one_of("status", CERTIFICATE_STATES), name="status"),
        sa.CheckConstraint("issued_by <> person_id", name="second"),
        sa.CheckConstraint(
            "(status in ('issued', 'revoked')) = (number is not null and code is not null)",
            name="issued",
        ),
        sa.Index("ix_hour_certificates_mine", "person_id", "id"),
        sa.Index("ix_hour_certificates_unit", "unit_code", "id"),
        sa.Index(
            "ix_hour_certificates_due", "due_at", postgresql_where=sa.text("due_at is not null")
        ),
        sa.Index(
            "uq_hour_certificates_open", "person_id", unique=True,
            postgresql_where=sa.text("status in ('requested', 'checked')"),
        ),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    unit_code: Mapped[str] = mapped_column(
        sa.ForeignKey("org_units.code"), doc="the committee that issues it"
    )
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("org_units.code"))
    status: Mapped[str]
    name: Mapped[str | None] = mapped_column(doc="as it stands on the paper")
    from_day: Mapped[date | None]
    to_day: Mapped[date | None]
    parts: Mapped[list[dict[str, Any]]] = mapped_column(doc="station, village, minutes, times")
    requested_at: Mapped[datetime]
    due_at: Mapped[datetime | None] = mapped_column(doc="None: nobody is waited for")
    checked_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    issued_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    issued_at: Mapped[datetime | None]
    number: Mapped[str | None] = mapped_column(unique=True)
    code: Mapped[str | None] = mapped_column(doc="on the paper; with the number it proves it")
    reason: Mapped[str | None] = mapped_column(doc="why it was refused or revoked")
    ended_at: Mapped[datetime | None] = mapped_column(doc="when it was refused or revoked")
