"""Complaints about an officer: who has it now, never the officer herself (3.7, permissions 4.2)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base
from village.ids import new_id
from village.models.org import STATIONS, one_of
from village.models.requests import RUNGS

COMPLAINT_STATES = ("filed", "received", "answered", "closed")
COMPLAINT_OFFICES = ("head", "deputy", "mediator", "chair", "council_chair", "clerk")
COMPLAINT_REASONS = ("rude", "unfair", "money", "privacy", "neglect", "other")
COMPLAINT_STEPS = ("file", "receive", "answer", "raise", "climb", "close", "lapse")


class Complaint(Base):
    """What somebody says against the holder of an office.

    `about_ids` are those who held it when it was said: none of them ever sees it, whatever other
    office she holds or comes to hold.
    """

    __tablename__ = "complaints"
    __table_args__ = (
        sa.CheckConstraint(one_of("status", COMPLAINT_STATES), name="status"),
        sa.CheckConstraint(one_of("office", COMPLAINT_OFFICES), name="office"),
        sa.CheckConstraint(one_of("reason", COMPLAINT_REASONS), name="reason"),
        sa.CheckConstraint(one_of("rung", RUNGS), name="rung"),
        sa.CheckConstraint(one_of("station", STATIONS), name="station"),
        sa.CheckConstraint("char_length(text) between 1 and 1000", name="text"),
        sa.Index("ix_complaints_mine", "complainant_id", "id"),
        sa.Index("ix_complaints_handled", "unit_code", "rung", "id"),
        sa.Index("ix_complaints_due", "due_at", postgresql_where=sa.text("status <> 'closed'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    complainant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    hide_me: Mapped[bool] = mapped_column(doc="who handles it does not learn her name")
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("org_units.code"))
    office: Mapped[str]
    station: Mapped[str | None]
    about_ids: Mapped[list[UUID]] = mapped_column(postgresql.ARRAY(sa.Uuid()))
    request_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("requests.id"))
    reason: Mapped[str]
    text: Mapped[str]
    status: Mapped[str]
    rung: Mapped[str] = mapped_column(doc="who has it now")
    unit_code: Mapped[str] = mapped_column(sa.ForeignKey("org_units.code"), doc="of the rung")
    raised: Mapped[bool] = mapped_column(doc="she has put an answer to the next rung, once (3.7)")
    answer: Mapped[str | None]
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]


class ComplaintStep(Base):
    """What happened to a complaint: only added to."""

    __tablename__ = "complaint_steps"
    __table_args__ = (
        sa.CheckConstraint(one_of("step", COMPLAINT_STEPS), name="step"),
        sa.Index("ix_complaint_steps_complaint", "complaint_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    complaint_id: Mapped[UUID] = mapped_column(sa.ForeignKey("complaints.id"))
    step: Mapped[str]
    by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"), doc="None: the clock")
    rung: Mapped[str] = mapped_column(doc="who has it from then on")
    text: Mapped[str | None]
    at: Mapped[datetime]
