"""Requests: the work order, its due times, its append-only timeline, and hand-overs."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base
from village.ids import new_id
from village.models.org import PRIORITIES, one_of

REQUEST_STATES = (
    "draft",
    "submitted",
    "triage",
    "needs_info",
    "accepted",
    "dispatching",
    "assigned",
    "in_progress",
    "suspended",
    "checking",
    "resolved",
    "closed",
    "rejected",
    "withdrawn",
    "handed_over",
    "merged",
    "not_ours",
    "split",
    "unresolved_closed",
)
# How it reached whoever entered it for somebody (permissions 4.2), and how she agreed (F-BASE).
SOURCES = ("phone", "door", "paper")
CONSENTS = ("oral", "written", "guardian", "urgent")
WAITS_FOR = (
    "mediation",
    "council",
    "referral",
    "authority",
    "supervision",
    "safe_path",
    "unconfirmed_danger",
)
SUSPEND_REASONS = (
    "weather",
    "waiting_material",
    "waiting_other_body",
    "waiting_meeting",
    "requester_absent",
)
HELPED = ("yes", "no")
RUNGS = ("chair", "clerk", "township_officer")  # of the ladder up which it is escalated (3.7)
DUE_KINDS = (
    "ask_helped",
    "emergency_answer",
    "triage",
    "first_response",
    "first_response_half",
    "first_response_late",
    "resolve",
    "resolve_half",
    "resolve_late",
    "escalate",
    "requester_answer",
    "auto_close",
    "offer_round",
    "no_show",
    "duty",
    "suspend_review",
    "suspend_limit",
    "answer_remind",
    "unresolved",
    "visit",
)

number_sequence = sa.Sequence("request_numbers", metadata=Base.metadata)


class Request(Base):
    """A villager's request (诉求工单), workflows 3.1."""

    __tablename__ = "requests"
    __table_args__ = (
        sa.CheckConstraint(one_of("status", REQUEST_STATES), name="status"),
        sa.CheckConstraint(one_of("priority", PRIORITIES), name="priority"),
        sa.CheckConstraint(one_of("waits_for", WAITS_FOR), name="waits_for"),
        sa.CheckConstraint(one_of("helped", HELPED), name="helped"),
        sa.CheckConstraint(one_of("source", SOURCES), name="source"),
        sa.CheckConstraint(one_of("escalated_to", RUNGS), name="escalated_to"),
        sa.CheckConstraint(one_of("suspend_reason", SUSPEND_REASONS), name="suspend_reason"),
        sa.CheckConstraint("char_length(text) between 1 and 2000", name="text"),
        sa.CheckConstraint("rating between 1 and 5", name="rating"),
        sa.CheckConstraint("not (priority = 'P0' and status = 'dispatching')", name="p0"),
        sa.ForeignKeyConstraint(
            ["village_code", "station"], ["stations.village_code", "stations.kind"]
        ),
        sa.Index("ix_requests_mine", "requester_id", "id"),
        sa.Index(
            "ix_requests_proxy",
            "proxy_id",
            "id",
            postgresql_where=sa.text("proxy_id is not null"),
        ),
        sa.Index(
            "ix_requests_merged_into",
            "merged_into",
            postgresql_where=sa.text("merged_into is not null"),
        ),
        sa.Index("ix_requests_queue", "village_code", "station", "status", "id"),
        sa.Index(
            "ix_requests_sealed_answers",
            "id",
            postgresql_where=sa.text("sealed_answers is not null"),
        ),
        # What is overdue is looked for among the few that have not ended, not among all.
        sa.Index("ix_requests_open", "status", postgresql_where=sa.text("ended_at is null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(unique=True)
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("org_units.code"))
    station: Mapped[str | None]
    category: Mapped[str | None] = mapped_column(sa.ForeignKey("categories.code"))
    requester_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    proxy_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("people.id"), doc="who speaks for the requester until she claims it"
    )
    source: Mapped[str | None] = mapped_column(doc="how it came to who entered it; None: herself")
    parent_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("requests.id"), index=True, doc="the request of which it was a part"
    )
    on_behalf_of: Mapped[dict[str, Any] | None]
    text: Mapped[str]
    place: Mapped[dict[str, Any] | None]
    answers: Mapped[dict[str, Any]] = mapped_column(doc="those below level 3")
    sealed_answers: Mapped[bytes | None] = mapped_column(doc="those of level 3 (form_fields.csv)")
    hide_me: Mapped[bool]
    sealed: Mapped[bool] = mapped_column(doc="a dispute: read by its mediators alone")
    neutral: Mapped[bool] = mapped_column(doc="push texts give nothing away (6.6)")
    consent_version: Mapped[str | None]
    status: Mapped[str]
    priority: Mapped[str]
    waits_for: Mapped[str | None] = mapped_column(doc="the next step's machine is not built")
    no_volunteer: Mapped[bool] = mapped_column(default=False)
    routing: Mapped[dict[str, Any]]
    emergency: Mapped[dict[str, Any] | None]
    advice: Mapped[list[dict[str, Any]] | None] = mapped_column(doc="who is responsible (R31)")
    helped: Mapped[str | None] = mapped_column(doc="what she said a week after the advice")
    transfers: Mapped[int] = mapped_column(default=0)
    reopened: Mapped[int] = mapped_column(default=0)
    followers: Mapped[int] = mapped_column(default=0, doc="kept by a trigger on follows")
    file_count: Mapped[int] = mapped_column(
        sa.SmallInteger, default=0, doc="kept by a trigger on request_files"
    )
    merged_into: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("requests.id"), doc="the request with which it is seen to (R28)"
    )
    merged_from: Mapped[str | None] = mapped_column(doc="the state to which it can be parted")
    question: Mapped[str | None]
    result: Mapped[str | None]
    solved: Mapped[str | None]
    rating: Mapped[int | None]
    done_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    first_response_due: Mapped[datetime | None]
    resolve_due: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    suspended_from: Mapped[str | None] = mapped_column(doc="the state in which it goes on (R19)")
    suspend_reason: Mapped[str | None]
    suspended_until: Mapped[date | None] = mapped_column(doc="when it is expected to go on")
    suspended_since: Mapped[datetime | None] = mapped_column(
        doc="from when the fifteen days are counted: earlier, if it had rested before (R33)"
    )
    suspended_for: Mapped[timedelta | None] = mapped_column(doc="how long it rested before")
    suspend_asked_at: Mapped[datetime | None] = mapped_column(doc="when the chair was asked (R33)")
    phone_tried_at: Mapped[datetime | None] = mapped_column(doc="of a question to her (R9)")
    review_asked_at: Mapped[datetime | None] = mapped_column(doc="of a refusal, once (R12)")
    unresolved_by: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("people.id"), doc="who says that it cannot be done (R36)"
    )
    lapsed_at: Mapped[datetime | None] = mapped_column(doc="when it ended unanswered (R9)")
    response_breached_at: Mapped[datetime | None]
    resolve_breached_at: Mapped[datetime | None]
    escalated_to: Mapped[str | None] = mapped_column(doc="the rung that is to sign for it (3.7)")
    seen_at: Mapped[datetime | None] = mapped_column(doc="when an officer first looked at it")
    duty_rung: Mapped[str | None] = mapped_column(doc="the last one that was called (duty ladder)")
    escalation_seen_at: Mapped[datetime | None]
    answered_rung: Mapped[str | None] = mapped_column(doc="the last one that answered (3.7)")
    re_raised_at: Mapped[datetime | None] = mapped_column(doc="by herself, once (3.7)")
    submitted_at: Mapped[datetime | None]
    first_response_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None] = mapped_column(doc="when its words were forgotten")
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Assisted(Base):
    """A request that was entered for somebody: by whom, with which consent (R1), who claimed it.

    `slip_hash` is the keyed hash of the code on her paper; the code itself is nowhere.
    """

    __tablename__ = "assisted_requests"
    __table_args__ = (
        sa.CheckConstraint(one_of("consent_how", CONSENTS), name="consent_how"),
        sa.CheckConstraint("(slip_hash is null) = (slip_expires_at is null)", name="slip"),
        sa.CheckConstraint("(claimed_at is null) = (claimed_by is null)", name="claimed"),
    )

    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("requests.id"), primary_key=True)
    entered_by: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    consent_how: Mapped[str]
    slip_hash: Mapped[bytes | None] = mapped_column(unique=True)
    slip_expires_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    claimed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))


class DueTime(Base):
    """A moment by which something must have happened; swept by the relay, never a timer."""

    __tablename__ = "due_times"
    __table_args__ = (
        sa.CheckConstraint(one_of("kind", DUE_KINDS), name="kind"),
        sa.Index(
            "ix_due_times_open",
            "due_at",
            postgresql_where=sa.text(
                "fired_at is null and cancelled_at is null and paused_at is null"
            ),
        ),
        sa.Index("ix_due_times_request", "request_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("requests.id"))
    kind: Mapped[str]
    due_at: Mapped[datetime]
    paused_at: Mapped[datetime | None]
    fired_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]


class Event(Base):
    """A transition as it happened. A trigger refuses every change and removal."""

    __tablename__ = "events"
    __table_args__ = (
        sa.Index("ix_events_request", "request_id", "id"),
        sa.Index("ix_events_call_up", "at", postgresql_where=sa.text("action = 'call_up'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("requests.id"))
    machine: Mapped[str]
    subject_id: Mapped[UUID]
    action: Mapped[str]
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    actor_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    actor_role: Mapped[str]
    data: Mapped[dict[str, Any]]
    trace: Mapped[str | None] = mapped_column(doc="request id of the call")
    at: Mapped[datetime]


class Handover(Base):
    """To whom a request went, on what ground, and whether they said that they have it."""

    __tablename__ = "handovers"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("requests.id"), index=True)
    receiver: Mapped[str]
    contact: Mapped[str | None]
    basis: Mapped[str]
    handed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    at: Mapped[datetime]
    received_at: Mapped[datetime | None]
