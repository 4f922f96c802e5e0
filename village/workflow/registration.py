"""How a villager becomes a volunteer, and stops being one, `domain/workflows.md` 3.8.

She applies herself: nobody is registered against her will (志愿服务条例 art. 7, 山东 11). The chair
sees that she is who she says (4.2), for a minor after the guardian; training where a station
wants it. Pausing and leaving are hers, at any time and without a reason (art. 25).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from village import clock
from village.errors import GuardFailed
from village.models import Registration
from village.models.people import VOLUNTEER_STATES
from village.relations import CHAIR, CLERK, HEAD, OWNER, STAND_IN, SYSTEM
from village.workflow.engine import START, Step, Transition
from village.workflow.small import SmallMachine

T = Transition
GUARDIAN = "guardian"  # on her own phone, by the minor's code
OBJECT = timedelta(days=15)
FRESH = (START, "left", "declined")
WAITING = ("applied", "guardian_pending")
OPEN = ("applied", "guardian_pending", "verified", "objected")


@dataclass(frozen=True)
class Applicant:
    """What the table is asked about: a person's volunteering, and what she applied with."""

    person_id: UUID
    status: str
    registration: Registration | None
    minor: bool
    trained_until: date | None = None
    training_needed: bool = False


def is_minor(who: Applicant) -> bool:
    """She is not certainly eighteen: a guardian must agree (rules 2.3)."""
    return who.minor


def is_ready(who: Applicant) -> bool:
    """No station that she chose wants a training, or she has one that is in force."""
    until = who.trained_until
    return not who.training_needed or (until is not None and until >= clock.today())


def may_object(who: Applicant) -> bool:
    """She was declined within fifteen days, and has not objected yet."""
    known = who.registration
    declined = known.declined_at if known else None
    fresh = declined is not None and clock.now() <= declined + OBJECT
    return fresh and known is not None and known.objection is None


def guardian_agreed(step: Step) -> None:
    """A minor's guardian has agreed, on paper or on her own phone."""
    if step.row.minor and step.row.registration.guardian_at is None:
        raise GuardFailed("guardian_needed", "the guardian must agree first")


def second_person(step: Step) -> None:
    """Who saw the guardian's paper does not verify as well."""
    if step.actor.person_id == step.row.registration.guardian_by:
        raise GuardFailed("second_person_needed", "another person must do this")


def another_than_declined(step: Step) -> None:
    """Who declined does not judge the objection."""
    if step.actor.person_id == step.row.registration.declined_by:
        raise GuardFailed("second_person_needed", "another person must do this")


DECIDERS = (CHAIR, STAND_IN)
TABLE: tuple[Transition, ...] = (
    T("apply", FRESH, "guardian_pending", (OWNER,), "3.8", when=is_minor),
    T("apply", FRESH, "applied", (OWNER,), "3.8"),
    T("consent", ("guardian_pending",), "guardian_pending", (HEAD, *DECIDERS, GUARDIAN), "3.8"),
    T("verify", WAITING, "verified", DECIDERS, "3.8", guards=(guardian_agreed, second_person)),
    T("activate", ("verified",), "active", (SYSTEM,), "3.8", when=is_ready),
    T("decline", (*WAITING, "verified"), "declined", DECIDERS, "3.8"),
    T("object", ("declined",), "objected", (OWNER,), "3.8", when=may_object),
    T("admit", ("objected",), "guardian_pending", (CLERK,), "3.8",
      guards=(another_than_declined,), when=is_minor),
    T("admit", ("objected",), "applied", (CLERK,), "3.8", guards=(another_than_declined,)),
    T("uphold", ("objected",), "declined", (CLERK,), "3.8", guards=(another_than_declined,)),
    T("pause", ("active",), "paused", (OWNER,), "3.8"),
    T("resume", ("paused",), "active", (OWNER,), "3.8"),
    T("leave", (*OPEN, "active", "paused"), "left", (OWNER,), "3.8"),
    T("lapse", ("guardian_pending",), "left", (SYSTEM,), "3.8"),
)  # fmt: skip

REGISTRATION = SmallMachine(
    "registration", VOLUNTEER_STATES, TABLE,
    {
        "apply": "volunteer.apply", "consent": "volunteer.consent",
        "verify": "volunteer.decide", "decline": "volunteer.decide",
        "object": "volunteer.own", "pause": "volunteer.own", "resume": "volunteer.own",
        "leave": "volunteer.own", "admit": "volunteer.review", "uphold": "volunteer.review",
    },
    over="registration_over",
)  # fmt: skip
