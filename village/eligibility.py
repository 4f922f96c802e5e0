"""Rules about a person and a piece of work that the invitation and the claim both ask."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Protocol

from village.clock import SHANGHAI

ADULT_YEARS = 18
INSURED_RISK = 2
HARDLY_LONGER = timedelta(hours=1)


class WorkLike(Protocol):
    """What the rules need to know of a task."""

    @property
    def risk(self) -> int:
        """From 0 to 3."""

    @property
    def people_needed(self) -> int:
        """How many people it takes."""

    @property
    def minutes(self) -> int:
        """How long it takes."""

    @property
    def starts_at(self) -> datetime:
        """The earliest time."""

    @property
    def ends_at(self) -> datetime:
        """The latest time."""


def is_old_enough(birth_year: int | None, guardian: bool, work: WorkLike, now: datetime) -> bool:
    """Adults only for risk 2 and more; minors never alone, and with a guardian's consent.

    The birth year alone is known, so that a person counts as adult from the year in which she
    is certainly eighteen (rules 2.3).
    """
    age = now.astimezone(SHANGHAI).year - (birth_year or now.year)
    if age > ADULT_YEARS:
        return True
    return work.risk < INSURED_RISK and work.people_needed > 1 and guardian


def is_insured(insured_until: date | None, work: WorkLike) -> bool:
    """From risk 2 on she is insured until the last day on which it may be done (art. 17)."""
    if work.risk < INSURED_RISK:
        return True
    return insured_until is not None and insured_until >= work.ends_at.astimezone(SHANGHAI).date()


def appointment(
    work: WorkLike, arrival: datetime | None = None
) -> tuple[datetime, datetime] | None:
    """Return from when to when she is there; None where nobody has said when.

    A window that is hardly longer than the work is an appointment by itself.
    """
    length = timedelta(minutes=work.minutes)
    if arrival is not None:
        return arrival, arrival + length
    if work.ends_at - work.starts_at <= length + HARDLY_LONGER:
        return work.starts_at, work.ends_at
    return None
