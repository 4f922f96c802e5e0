"""The duty-to-report record: a child, violence at home, a danger, and who told which authority."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base
from village.ids import new_id
from village.models.org import STATIONS, one_of

REPORT_KINDS = ("child", "violence", "danger")
REPORT_STATES = ("raised", "reported", "receipted", "dismissed")
AUTHORITIES = ("police", "civil_affairs", "education", "women_federation", "health", "other")


class DutyReport(Base):
    """Something that must be reported by law: never removed, its words sealed at rest (2.10).

    Child: 未成年人保护法 11(2); violence: 反家庭暴力法 14; a person in need: 社会救助法 39.
    """

    __tablename__ = "duty_reports"
    __table_args__ = (
        sa.CheckConstraint(one_of("kind", REPORT_KINDS), name="kind"),
        sa.CheckConstraint(one_of("status", REPORT_STATES), name="status"),
        sa.CheckConstraint(one_of("station", STATIONS), name="station"),
        sa.CheckConstraint(one_of("authority", AUTHORITIES), name="authority"),
        sa.CheckConstraint("(authority is null) = (reported_at is null)", name="reported"),
        sa.CheckConstraint("dismissed_by <> dismiss_asked_by", name="two_people"),
        sa.Index("ix_duty_reports_village", "village_code", "id"),
        sa.Index("ix_duty_reports_due", "due_at", postgresql_where=sa.text("status = 'raised'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("org_units.code"))
    station: Mapped[str | None] = mapped_column(doc="whose head may read it; None: no head's")
    request_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("requests.id"), unique=True)
    raised_by: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("people.id"), doc="None: the system, for a request on the safe path"
    )
    about_ids: Mapped[list[UUID]] = mapped_column(
        postgresql.ARRAY(sa.Uuid()), server_default="{}", doc="who bears a name that was given"
    )
    words_sealed: Mapped[bytes | None] = mapped_column(doc="what was seen; None: see the request")
    status: Mapped[str]
    due_at: Mapped[datetime] = mapped_column(doc="by when an authority is to be told")
    late_at: Mapped[datetime | None] = mapped_column(doc="when the township was told that it was")
    raised_at: Mapped[datetime]
    authority: Mapped[str | None]
    receiver: Mapped[str | None] = mapped_column(doc="which office or person took it")
    reported_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    reported_at: Mapped[datetime | None]
    receipt: Mapped[str | None] = mapped_column(doc="the authority's number or word")
    receipted_at: Mapped[datetime | None]
    dismiss_reason: Mapped[str | None]
    dismiss_asked_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    dismissed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
