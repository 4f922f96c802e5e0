"""What guards personal data: who read it, and which keys have sealed it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base
from village.ids import new_id


class AccessLog(Base):
    """A read of somebody's level-3 fields by another person; never changed."""

    __tablename__ = "access_log"
    __table_args__ = (sa.Index("ix_access_log_person", "person_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"), doc="whose data it is")
    reader_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    role: Mapped[str] = mapped_column(doc="the relation by which she may")
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("requests.id"))
    fields: Mapped[list[str]] = mapped_column(doc="names of fields, never their values")
    at: Mapped[datetime]


class KnownKey(Base):
    """A key that this database was sealed with: its fingerprint, by which a wrong file is seen."""

    __tablename__ = "known_keys"

    name: Mapped[str] = mapped_column(primary_key=True, doc="number of the key, or `index`")
    fingerprint: Mapped[str]
    first_at: Mapped[datetime]


class ImpactAssessment(Base):
    """The assessment of what a form with level-3 fields may do to people (PIPL 55, 56).

    Kept for three years at least: a newer one revokes it, nothing removes it.
    """

    __tablename__ = "impact_assessments"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    form: Mapped[str] = mapped_column(index=True)
    fields: Mapped[list[str]] = mapped_column(doc="the level-3 fields that were assessed")
    handler: Mapped[str] = mapped_column(doc="who is responsible for the data (个人信息处理者)")
    contact: Mapped[str]
    assessed_on: Mapped[date]
    summary: Mapped[str] = mapped_column(doc="where the report is, and what came of it")
    entered_by: Mapped[str]
    entered_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Erasure(Base):
    """That a person had her data erased, and how many of her requests it was; nothing of them."""

    __tablename__ = "erasures"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    at: Mapped[datetime]
    requests: Mapped[int] = mapped_column(doc="forgotten at once")
    still_open: Mapped[int] = mapped_column(doc="forgotten when they have ended")
    kept: Mapped[int] = mapped_column(doc="under the duty to report (rules 2.10)")
