"""People: identities, sessions, offices, volunteers, and who is too close to whom."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base
from village.ids import new_id
from village.models.org import STATIONS, one_of

ROLES = (
    "head",
    "deputy",
    "chair",
    "council_chair",
    "council_member",
    "party_leader",
    "clerk",
    "mediator",
    "supervisor",
    "auditor",
    "township_officer",
    "county_officer",
    "admin",
)
VOLUNTEER_STATES = (
    "applied", "guardian_pending", "verified", "active", "paused", "left", "declined", "objected",
)  # fmt: skip
CONFLICT_KINDS = ("kin", "contractor", "party")


class Person(Base):
    """A villager, resident or officer. `birth_year` serves age rules alone."""

    __tablename__ = "people"
    __table_args__ = (
        sa.CheckConstraint("(phone_hash is null) = (phone_sealed is null)", name="phone"),
        sa.Index(
            "ix_people_phone", "phone_hash", postgresql_where=sa.text("phone_hash is not null")
        ),
        sa.Index("ix_people_erased", "id", postgresql_where=sa.text("erased_at is not null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    code: Mapped[str | None] = mapped_column(unique=True, doc="code of the roster, if any")
    name: Mapped[str]
    birth_year: Mapped[int | None]
    village_code: Mapped[str | None] = mapped_column(sa.ForeignKey("org_units.code"), index=True)
    household: Mapped[str | None] = mapped_column(doc="code of the household, within the village")
    phone_hash: Mapped[bytes | None]
    phone_sealed: Mapped[bytes | None]
    phone_verified_at: Mapped[datetime | None] = mapped_column(doc="when WeChat said it is hers")
    missed_names: Mapped[list[bytes]] = mapped_column(
        postgresql.ARRAY(sa.LargeBinary), default=list, server_default="{}",
        doc="keyed hashes of names, not this record's, under which it was to be claimed",
    )  # fmt: skip
    erased_at: Mapped[datetime | None] = mapped_column(doc="when she had her data erased")
    created_at: Mapped[datetime]


class WechatIdentity(Base):
    """The openid by which WeChat knows a person; it never leaves the server, and rests sealed."""

    __tablename__ = "wechat_identities"
    __table_args__ = (
        sa.CheckConstraint(
            "(openid is null) = (openid_hash is not null and openid_sealed is not null)",
            name="openid",
        ),
    )

    id: Mapped[UUID] = mapped_column(
        primary_key=True, default=new_id, server_default=sa.text("gen_random_uuid()")
    )
    openid: Mapped[str | None] = mapped_column(
        unique=True, doc="of the release before, until `wuzhan keys seal`"
    )
    openid_hash: Mapped[bytes | None] = mapped_column(unique=True)
    openid_sealed: Mapped[bytes | None]
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"), index=True)
    created_at: Mapped[datetime]


class LoginCode(Base):
    """A spent `wx.login` code, kept for ten minutes: a lost answer can be asked for again."""

    __tablename__ = "login_codes"

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    expires_at: Mapped[datetime] = mapped_column(index=True)


class TokenFamily(Base):
    """One login. `generation` counts refreshes: a spent refresh token revokes the family."""

    __tablename__ = "token_families"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"), index=True)
    generation: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]


class RoleGrant(Base):
    """An office: role, scope (a unit, and a station where the role has one), and term."""

    __tablename__ = "role_grants"
    __table_args__ = (
        sa.CheckConstraint(one_of("role", ROLES), name="role"),
        sa.CheckConstraint(
            "(role in ('head', 'deputy')) = (station is not null) or role = 'mediator'",
            name="station",
        ),
        sa.ForeignKeyConstraint(
            ["unit_code", "station"], ["stations.village_code", "stations.kind"]
        ),
        sa.CheckConstraint("valid_to is null or valid_to > valid_from", name="term"),
        sa.Index("ix_role_grants_scope", "unit_code", "station", "role"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"), index=True)
    role: Mapped[str]
    unit_code: Mapped[str] = mapped_column(sa.ForeignKey("org_units.code"))
    station: Mapped[str | None]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    covers: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("people.id"), index=True, doc="for whom she stands in while that one is away"
    )


class Volunteer(Base):
    """A person's volunteering: state, skills, insurance, and how much she wants to be asked."""

    __tablename__ = "volunteers"
    __table_args__ = (
        sa.CheckConstraint(one_of("status", VOLUNTEER_STATES), name="status"),
        sa.CheckConstraint("max_open_tasks between 0 and 20", name="max_open_tasks"),
        sa.CheckConstraint("ask_less between 1 and 10", name="ask_less"),
        sa.CheckConstraint("next_village_km between 0 and 50", name="next_village_km"),
    )

    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"), primary_key=True)
    status: Mapped[str]
    skills: Mapped[list[str]] = mapped_column(default=list)
    insured_until: Mapped[date | None]
    trained_until: Mapped[date | None]
    guardian_consent: Mapped[bool] = mapped_column(default=False)
    max_open_tasks: Mapped[int] = mapped_column(default=2)
    quiet_from: Mapped[int | None] = mapped_column(doc="minute of the Shanghai day")
    quiet_to: Mapped[int | None]
    last_asked_at: Mapped[datetime | None]
    helps_village: Mapped[bool] = mapped_column(
        default=True, server_default=sa.true(), doc="other stations of her village may ask her too"
    )
    next_village: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    next_village_km: Mapped[float] = mapped_column(default=4.0, server_default="4")
    disliked: Mapped[list[str]] = mapped_column(
        default=list, server_default="{}", doc="categories: not this kind"
    )
    ask_less: Mapped[float] = mapped_column(
        default=1.0, server_default="1", doc="by how much longer she is left in peace"
    )
    ask_less_until: Mapped[datetime | None]
    rest_until: Mapped[datetime | None] = mapped_column(doc="not to be asked before")
    rest_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("people.id"))
    personal: Mapped[bool] = mapped_column(
        default=True, server_default=sa.true(), doc="asked by what she answered before"
    )
    version: Mapped[int] = mapped_column(default=1)


class Membership(Base):
    """A volunteer's place in a station."""

    __tablename__ = "memberships"
    __table_args__ = (
        sa.CheckConstraint(one_of("station", STATIONS), name="station"),
        sa.ForeignKeyConstraint(
            ["village_code", "station"], ["stations.village_code", "stations.kind"]
        ),
        sa.Index("ix_memberships_station", "village_code", "station"),
    )

    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("volunteers.person_id"), primary_key=True)
    village_code: Mapped[str] = mapped_column(primary_key=True)
    station: Mapped[str] = mapped_column(primary_key=True)
    active: Mapped[bool] = mapped_column(default=True)
    since: Mapped[datetime]


class AvailabilityWindow(Base):
    """When a volunteer may be asked, each week: minutes of a Shanghai weekday (0 = Monday)."""

    __tablename__ = "availability_windows"
    __table_args__ = (
        sa.CheckConstraint("weekday between 0 and 6", name="weekday"),
        sa.CheckConstraint("0 <= from_minute and from_minute < to_minute", name="order"),
        sa.CheckConstraint("to_minute <= 1440", name="day"),
    )

    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("volunteers.person_id"), primary_key=True)
    weekday: Mapped[int] = mapped_column(primary_key=True)
    from_minute: Mapped[int] = mapped_column(primary_key=True)
    to_minute: Mapped[int]


class TimeOff(Base):
    """A time in which a volunteer is not to be asked."""

    __tablename__ = "time_off"
    __table_args__ = (sa.CheckConstraint("starts_at < ends_at", name="order"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("volunteers.person_id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class ConflictDeclaration(Base):
    """Two people who are too close for one to decide on, or help with, the other's matters."""

    __tablename__ = "conflict_declarations"
    __table_args__ = (
        sa.CheckConstraint(one_of("kind", CONFLICT_KINDS), name="kind"),
        sa.CheckConstraint("person_id <> other_id", name="two"),
    )

    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"), primary_key=True)
    other_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"), primary_key=True, index=True)
    kind: Mapped[str]
    declared_at: Mapped[datetime]
    offer_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("offers.id"), index=True, doc="with which she said so; she may take it back"
    )


class Consent(Base):
    """A person's answer to a version of a document (PIPL art. 14, 15); only ever added to."""

    __tablename__ = "consents"
    __table_args__ = (sa.Index("ix_consents_person", "person_id", "document", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"))
    document: Mapped[str]
    version: Mapped[str]
    accepted: Mapped[bool]
    at: Mapped[datetime]
