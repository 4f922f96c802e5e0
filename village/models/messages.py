"""What people are told, what must still happen, and which calls were already answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base
from village.ids import new_id
from village.models.org import one_of

CHANNELS = ("wechat",)
DELIVERY_STATES = ("pending", "sending", "sent", "failed", "unavailable")
QUEUES = ("dispatch", "notify", "slow")


class NotificationTemplate(Base):
    """A WeChat template of ours: logical fields, their kinds, and WeChat's keys."""

    __tablename__ = "notification_templates"

    code: Mapped[str] = mapped_column(primary_key=True)
    audience: Mapped[str]
    trigger: Mapped[str]
    wechat_template_id: Mapped[str]
    fields: Mapped[list[dict[str, Any]]] = mapped_column(
        doc="[{field, kind, key, key_zh}], in the order of the template"
    )


class Notification(Base):
    """A line in a person's inbox: the record of what she was told."""

    __tablename__ = "notifications"
    __table_args__ = (
        sa.UniqueConstraint("event_id", "person_id"),
        sa.Index("ix_notifications_inbox", "person_id", "id"),
        sa.Index(
            "ix_notifications_unread",
            "person_id",
            postgresql_where=sa.text("read_at is null"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    event_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("events.id"), doc="None: about what is no request"
    )
    request_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("requests.id"))
    offer_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("offers.id"))
    template: Mapped[str | None] = mapped_column(sa.ForeignKey("notification_templates.code"))
    title: Mapped[str]
    text: Mapped[str]
    fields: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class Delivery(Base):
    """One attempt-chain to bring a notification to a person by a channel."""

    __tablename__ = "deliveries"
    __table_args__ = (
        sa.CheckConstraint(one_of("channel", CHANNELS), name="channel"),
        sa.CheckConstraint(one_of("status", DELIVERY_STATES), name="status"),
        sa.UniqueConstraint("notification_id", "channel"),
        sa.Index("ix_deliveries_sending", "id", postgresql_where=sa.text("status = 'sending'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    notification_id: Mapped[UUID] = mapped_column(sa.ForeignKey("notifications.id"))
    channel: Mapped[str]
    status: Mapped[str] = mapped_column(default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    provider_id: Mapped[str | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class PushGrant(Base):
    """Whether a person let WeChat bring her messages by a template, when she was asked last."""

    __tablename__ = "push_grants"

    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"), primary_key=True)
    template: Mapped[str] = mapped_column(
        sa.ForeignKey("notification_templates.code"), primary_key=True
    )
    given: Mapped[bool]
    at: Mapped[datetime]


class Outbox(Base):
    """What must happen after the commit. The row is the job's record; RQ carries its id.

    Times here are wall time: leases and retries must not follow a stepped clock.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        sa.CheckConstraint(one_of("queue", QUEUES), name="queue"),
        sa.Index(
            "ix_outbox_open",
            "due_at",
            postgresql_where=sa.text("done_at is null and failed_at is null"),
        ),
        sa.Index("ix_outbox_subject", "subject_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    queue: Mapped[str]
    job: Mapped[str]
    subject_id: Mapped[UUID]
    trace: Mapped[str | None]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    sent_at: Mapped[datetime | None] = mapped_column(doc="handed to RQ; a lease runs from here")
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    error: Mapped[str | None]


class Reminder(Base):
    """What officers were reminded of, and in which week: so that nobody is told twice."""

    __tablename__ = "reminders"

    key: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class IdempotencyKey(Base):
    """The first answer to a keyed call, kept for 24 hours."""

    __tablename__ = "idempotency_keys"

    caller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    status: Mapped[int]
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)
