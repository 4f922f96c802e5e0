"""A volunteer's minutes, `domain/workflows.md` 3.8: two persons' word, three days, and a third's.

Nothing is confirmed by silence; `corrected` and `final` stay as they are.
"""

from __future__ import annotations

from village.errors import GuardFailed
from village.models.records import RECORD_STATES
from village.relations import CHAIR, HEAD, OWNER, SYSTEM, VOLUNTEER
from village.workflow.engine import START, Step, Transition
from village.workflow.small import SmallMachine

T = Transition
BY_OFFICE = (HEAD, CHAIR)


def third_person(step: Step) -> None:
    """Neither who confirmed nor who disputed judges the dispute."""
    if step.actor.person_id in (step.row.confirmed_by, step.row.disputed_by):
        raise GuardFailed("second_person_needed", "another person must do this")


TABLE: tuple[Transition, ...] = (
    T("draft", (START,), "drafted", (SYSTEM,), "3.8"),
    T("confirm", ("drafted",), "posted", BY_OFFICE, "3.8"),
    T("dispute", ("drafted",), "disputed", BY_OFFICE, "3.8"),
    T("dispute", ("posted",), "disputed", (OWNER, VOLUNTEER, *BY_OFFICE), "3.8"),
    T("correct", ("disputed",), "corrected", BY_OFFICE, "3.8", guards=(third_person,)),
    T("finish", ("posted",), "final", (SYSTEM,), "3.8"),
)
RECORD = SmallMachine(
    "service_record", RECORD_STATES, TABLE,
    {step: f"service_record.{step}" for step in ("confirm", "dispute", "correct")},
    over="record_over",
)  # fmt: skip
