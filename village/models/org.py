"""Places and bodies: units of the county, their stations, and the catalog of categories."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base

ORG_KINDS = ("county", "town", "township", "farm", "admin_village", "natural_village")
STATIONS = ("mutual_aid", "sanitation", "mediation", "culture", "public_works")
PRIORITIES = ("P0", "P1", "P2", "P3", "P4", "P5")
SERVES_ON = ("every_day", "working_days")
NEXT_STEPS = (
    "volunteer",
    "station",
    "authority",
    "mediation",
    "council",
    "supervision",
    "info",
    "referral",
)


def one_of(column: str, values: tuple[str, ...]) -> str:
    """Return the SQL of a check that `column` is null or one of `values`."""
    return f"{column} in ({', '.join(repr(value) for value in values)})"


class OrgUnit(Base):
    """A unit of the ladder county > township, town or farm > administrative > natural village."""

    __tablename__ = "org_units"
    __table_args__ = (
        sa.CheckConstraint(one_of("kind", ORG_KINDS), name="kind"),
        sa.CheckConstraint("lat between -90 and 90 and lng between -180 and 180", name="place"),
        sa.CheckConstraint(
            "0 <= serves_from and serves_from + 240 <= serves_to and serves_to <= 1440",
            name="service_hours",
        ),
        sa.CheckConstraint(one_of("serves_on", SERVES_ON), name="serves_on"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    parent_code: Mapped[str | None] = mapped_column(sa.ForeignKey("org_units.code"), index=True)
    kind: Mapped[str]
    name: Mapped[str]
    households: Mapped[int | None]
    population: Mapped[int | None]
    lat: Mapped[float | None] = mapped_column(doc="of a natural village's middle, degrees (WGS 84)")
    lng: Mapped[float | None]
    serves_from: Mapped[int | None] = mapped_column(doc="minute of the Shanghai day; None: 8:00")
    serves_to: Mapped[int | None] = mapped_column(doc="None: 20:00")
    serves_on: Mapped[str | None] = mapped_column(doc="None: no service hours of its own")


class Station(Base):
    """One of the five stations of a natural village's volunteer association."""

    __tablename__ = "stations"
    __table_args__ = (sa.CheckConstraint(one_of("kind", STATIONS), name="kind"),)

    village_code: Mapped[str] = mapped_column(sa.ForeignKey("org_units.code"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    training_needed: Mapped[bool] = mapped_column(
        default=False, server_default=sa.false(), doc="of who registers, before she is asked"
    )


class Category(Base):
    """What may be asked for, its limits, its form, and the task card that it opens with."""

    __tablename__ = "categories"
    __table_args__ = (
        sa.CheckConstraint(one_of("station", STATIONS), name="station"),
        sa.CheckConstraint(one_of("priority", PRIORITIES), name="priority"),
        sa.CheckConstraint(one_of("next_step", NEXT_STEPS), name="next_step"),
        sa.CheckConstraint("first_response_hours > 0 and resolve_days > 0", name="limits"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    station: Mapped[str]
    zh: Mapped[str]
    en: Mapped[str]
    priority: Mapped[str]
    first_response_hours: Mapped[int]
    resolve_days: Mapped[int]
    form: Mapped[str]
    flags: Mapped[list[str]]
    next_step: Mapped[str]
    task_card: Mapped[dict[str, Any]]
    sort: Mapped[int]
