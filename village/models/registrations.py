"""How somebody becomes a volunteer: what she applied with, and each step (3.8)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base
from village.ids import new_id
from village.models.org import one_of

REGISTRATION_STEPS = (
    "apply", "consent", "verify", "activate", "decline", "object", "admit", "uphold",
    "pause", "resume", "leave", "lapse",
)  # fmt: skip
CONSENT_WAYS = ("paper", "account")


class Registration(Base):
    """What a villager applied with to be a volunteer; the state is her row of `volunteers`."""

    __tablename__ = "registrations"
    __table_args__ = (
        sa.CheckConstraint(one_of("guardian_how", CONSENT_WAYS), name="guardian_how"),
        sa.CheckConstraint("(guardian_how is null) = (guardian_at is null)", name="guardian"),
        sa.CheckConstraint("verified_by <> person_id", name="second"),
        sa.Index("ix_registrations_village", "village_code", "id"),
        sa.Index("ix_registrations_due", "due_at", postgresql_where=sa.text("due_at is not null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("volunteers.person_id"), unique=True)
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("org_units.code"))
    stations: Mapped[list[str]] = mapped_column(postgresql.ARRAY(sa.Text))
    about: Mapped[str | None] = mapped_column(doc="what she likes doing, in her words")
    consent_version: Mapped[str] = mapped_column(doc="of the privacy notice she agreed to")
    applied_at: Mapped[datetime]
    due_at: Mapped[datetime | None] = mapped_column(doc="None: nobody is waited for")
    guardian_name: Mapped[str | None] = mapped_column(doc="who signed the paper")
    guardian_how: Mapped[str | None]
    guardian_by: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("people.id"), doc="who saw the paper, or the guardian herself"
    )
    guardian_at: Mapped[datetime | None]
    guardian_code: Mapped[bytes | None] = mapped_column(
        unique=True, doc="digest of the code by which a guardian agrees on her own phone"
    )
    guardian_code_ends: Mapped[datetime | None]
    verified_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    declined_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    declined_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(doc="why she was declined; she reads it")
    objection: Mapped[str | None] = mapped_column(doc="what she says to that, once")


class RegistrationStep(Base):
    """What happened to a registration: only added to, and without anybody's words."""

    __tablename__ = "registration_steps"
    __table_args__ = (
        sa.CheckConstraint(one_of("step", REGISTRATION_STEPS), name="step"),
        sa.Index("ix_registration_steps_person", "person_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    step: Mapped[str]
    by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"), doc="None: the clock")
    at: Mapped[datetime]
