"""Rules about a person and a piece of work that the invitation and the claim both ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Protocol

from village.catalog.files import read
from village.clock import SHANGHAI

ADULT_YEARS = 18
INSURED_RISK = 2
HARDLY_LONGER = timedelta(hours=1)


class WorkLike(Protocol):
    """What the rules need to know of a task."""

    @property
    def skills(self) -> Sequence[str]:
        """What one must be able to do."""

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


def adult_until(now: datetime) -> int:
    """Return the latest birth year of those who are certainly eighteen this year (rules 2.3)."""
    return now.astimezone(SHANGHAI).year - ADULT_YEARS - 1


def may_be_minors(work: WorkLike) -> bool:
    """Tell whether minors may come, with a guardian's consent: no risk, and never alone."""
    return work.risk < INSURED_RISK and work.people_needed > 1


def is_old_enough(birth_year: int | None, guardian: bool, work: WorkLike, now: datetime) -> bool:
    """Adults only for risk 2 and more; minors never alone, and with a guardian's consent."""
    if birth_year is not None and birth_year <= adult_until(now):
        return True
    return guardian and may_be_minors(work)


def insured_day(work: WorkLike) -> date | None:
    """Return until when she must be insured: from risk 2 on to the last possible day (art. 17)."""
    return work.ends_at.astimezone(SHANGHAI).date() if work.risk >= INSURED_RISK else None


def is_insured(insured_until: date | None, work: WorkLike) -> bool:
    """Tell whether her insurance covers the work, where it needs one."""
    day = insured_day(work)
    return day is None or (insured_until is not None and insured_until >= day)


def has_skills(
    skills: Sequence[str], certificates: Mapping[str, date | None], work: WorkLike
) -> bool:
    """She has every skill that is needed ("驾驶C1" is "驾驶"), and a valid paper where one is.

    `certificates`: by skill the last day on which the paper is valid, None: without an end.
    """
    day = work.ends_at.astimezone(SHANGHAI).date()
    return all(_has(skills, certificates, skill, day) for skill in work.skills)


def _has(
    skills: Sequence[str], certificates: Mapping[str, date | None], skill: str, day: date
) -> bool:
    if not any(own.startswith(skill) for own in skills):
        return False
    if skill not in papers():
        return True
    return any(
        own.startswith(skill) and (until is None or until >= day)
        for own, until in certificates.items()
    )


@lru_cache(maxsize=1)
def papers() -> frozenset[str]:
    """Return the skills for which a certificate is needed (rules 2.3, art. 16)."""
    return frozenset(row["skill"] for row in read("skills") if row["certificate"] == "yes")


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
