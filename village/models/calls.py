"""Calls that a person is asked to make, since who is to hear has no phone screen of ours."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base
from village.ids import new_id
from village.models.org import one_of

CALL_KINDS = ("tell", "call_back", "sample")
CALL_OUTCOMES = ("reached", "overtaken", "claimed", "called_back", "answered", "let_go")


class PhoneCall(Base):
    """ "Please phone": what a requester without an account is to hear, and who tells her."""

    __tablename__ = "phone_calls"
    __table_args__ = (
        sa.CheckConstraint(one_of("kind", CALL_KINDS), name="kind"),
        sa.CheckConstraint(one_of("outcome", CALL_OUTCOMES), name="outcome"),
        sa.CheckConstraint("solved in ('yes', 'partly', 'no')", name="solved"),
        sa.CheckConstraint("rating between 1 and 5", name="rating"),
        sa.CheckConstraint("(done_at is null) = (outcome is null)", name="done"),
        sa.Index("ix_phone_calls_open", "caller_id", postgresql_where=sa.text("done_at is null")),
        sa.Index("ix_phone_calls_request", "request_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("requests.id"))
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("events.id"), unique=True)
    caller_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    kind: Mapped[str]
    title: Mapped[str]
    text: Mapped[str]
    tries: Mapped[int] = mapped_column(default=0, doc="times that nobody answered")
    tried_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    solved: Mapped[str | None] = mapped_column(doc="of a sample: what she said (3.1)")
    rating: Mapped[int | None]
    comment: Mapped[str | None]


class ClaimTry(Base):
    """A code of a slip that was wrong: who guesses is stopped. Kept for a day."""

    __tablename__ = "claim_tries"
    __table_args__ = (sa.Index("ix_claim_tries_person", "person_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    at: Mapped[datetime]
