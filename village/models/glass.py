"""Break-glass: an administrator reads one request, for an hour, on two people's word."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base
from village.ids import new_id


class BreakGlass(Base):
    """Who asked to open which request and why, who agreed, until when; never removed."""

    __tablename__ = "break_glass"
    __table_args__ = (
        sa.CheckConstraint("agreed_by <> asked_by", name="two_people"),
        sa.CheckConstraint("(agreed_by is null) = (expires_at is null)", name="agreed"),
        sa.Index("ix_break_glass_asked", "asked_by", "request_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("requests.id"))
    reason: Mapped[str]
    asked_by: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    asked_at: Mapped[datetime]
    agreed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    expires_at: Mapped[datetime | None]
