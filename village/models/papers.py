"""Papers of volunteers: insurance, training, certificates; one enters, another confirms."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base
from village.ids import new_id
from village.models.org import STATIONS, one_of

PAPER_KINDS = ("insurance", "training", "certificate")


class Paper(Base):
    """A paper that somebody has seen (rules 2.3: art. 16, 17; 办法 8). It counts once confirmed."""

    __tablename__ = "papers"
    __table_args__ = (
        sa.CheckConstraint(one_of("kind", PAPER_KINDS), name="kind"),
        sa.CheckConstraint(one_of("station", STATIONS), name="station"),
        sa.CheckConstraint("(kind = 'certificate') = (skill is not null)", name="skill"),
        sa.CheckConstraint("kind <> 'insurance' or valid_until is not null", name="ends"),
        sa.CheckConstraint("valid_from <= valid_until", name="order"),
        sa.CheckConstraint("confirmed_by <> entered_by", name="two_people"),
        sa.CheckConstraint("(confirmed_by is null) = (confirmed_at is null)", name="confirmed"),
        sa.Index("ix_papers_person", "person_id", "id"),
        sa.Index(
            "ix_papers_ending",
            "valid_until",
            postgresql_where=sa.text(
                "confirmed_at is not null and revoked_at is null and reminded_at is null"
            ),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("volunteers.person_id"))
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("org_units.code"))
    station: Mapped[str]
    kind: Mapped[str]
    skill: Mapped[str | None] = mapped_column(doc="of a certificate: what it proves")
    issuer: Mapped[str] = mapped_column(doc="insurer, trainer, or office")
    number: Mapped[str | None]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None] = mapped_column(doc="the last day; None: without an end")
    entered_by: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    by_chair: Mapped[bool] = mapped_column(doc="the chair entered it, so a head may confirm it")
    entered_at: Mapped[datetime]
    confirmed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    confirmed_at: Mapped[datetime | None]
    revoked_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    revoked_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
