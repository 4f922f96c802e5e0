"""The safe path: violence at home, a child in danger, a wish to die (2.10, restraint 5.2).

The chair reads it and nobody at a station; no mediation, no word to the other side. Whatever was
answered to the question of danger, and if nothing was.
"""

from __future__ import annotations

from village.errors import GuardFailed
from village.models import Request
from village.relations import CHAIR, ENTERER, REQUESTER, STAND_IN, SYSTEM
from village.safe_path import is_safe_path
from village.workflow import recusal
from village.workflow import request_rules as rules
from village.workflow.engine import Step, Tell, Transition

T = Transition


def is_no_safe_path(request: Request) -> bool:
    """It does not take the safe path."""
    return not is_safe_path(request)


def is_unconfirmed(request: Request) -> bool:
    """It takes the safe path, and nobody has said whether there is danger now."""
    return is_safe_path(request) and rules.is_unconfirmed(request)


def no_mediation(step: Step) -> None:
    """No mediator is put between a person and whom she fears (3.4: screened; 2.10)."""
    if step.payload["station"] == "mediation" and is_safe_path(step.row):
        raise GuardFailed("no_mediation_on_safe_path", "call police or the women's federation")


ROWS: tuple[Transition, ...] = (
    T("no_danger", ("triage",), "triage", (REQUESTER, ENTERER), "R30", when=is_unconfirmed,
      effects=(rules.no_danger,), tell=(Tell(CHAIR), Tell(STAND_IN))),
    T("presume_danger", ("draft",), "triage", (SYSTEM,), "R30", when=is_safe_path,
      effects=(rules.presume_danger,),
      tell=(*recusal.TRIAGE, Tell(REQUESTER, push=False))),
)  # fmt: skip
