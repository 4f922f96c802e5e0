"""Something urgent must be seen by a person, at night too: rung by rung, until one has looked.

Head (and who is on duty) → deputy → chair → the committee's clerk (where none may, the township's
officer), who is to phone them. How long after it came each is called stands in `duty_ladder.csv`;
each call is an event.
"""

from __future__ import annotations

from village import duty
from village.models import PhoneTask, Request
from village.relations import CHAIR, HEAD, ON_DUTY, STAND_IN, SYSTEM
from village.workflow import priorities, recusal
from village.workflow.engine import Step, Tell, Transition

UNSEEN = ("submitted", "triage")
LOOKS = {"submitted": (HEAD, CHAIR, ON_DUTY), "triage": (CHAIR, STAND_IN)}
DUTY, PHONE = "duty", "phone"  # audiences: who is called, and who is to phone
T = Transition


# ---------------------------------------------------------------- conditions


def is_unseen(request: Request) -> bool:
    """It is urgent, and no officer has looked at it yet."""
    return request.seen_at is None and priorities.TABLE[request.priority].wall


# ---------------------------------------------------------------- effects


def call_next(step: Step) -> None:
    """Call the next rung on which there is somebody, and plan the one after it."""
    request, rungs = step.row, list(duty.ladder())
    left = rungs[rungs.index(request.duty_rung) + 1 :] if request.duty_rung else rungs
    there = (rung for rung in left if duty.called(step.session, request, rung, step.now))
    request.duty_rung = step.data["rung"] = next(there, rungs[-1])
    if request.duty_rung == duty.CLERK_RUNG:
        _ask_to_phone(step)
        return
    following = left[left.index(request.duty_rung) + 1]
    came = request.submitted_at or step.now
    step.due["duty"] = max(step.now, came + duty.ladder()[following])


def _ask_to_phone(step: Step) -> None:
    office, _ = duty.to_phone(step.session, step.row)
    unit = recusal.unit_of(step.session, step.row, office)
    if unit is not None:
        step.session.add(PhoneTask(request_id=step.row.id, unit_code=unit, created_at=step.now))


ROWS: tuple[Transition, ...] = (
    *(T("duty_call", (state,), state, (SYSTEM,), "R30, 3.0", when=is_unseen,
        effects=(call_next,), tell=(Tell(DUTY, "N13"), Tell(PHONE, "N24"))) for state in UNSEEN),
    *(T("acknowledge", (state,), state, who, "R30", when=is_unseen,
        guards=(recusal.not_recused,)) for state, who in LOOKS.items()),
)  # fmt: skip
