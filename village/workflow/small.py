"""The smaller machines of `domain/workflows.md` 3.8: tables of states without a request's timeline.

They have the engine's rows and its order of checks (known, hers to do, state, conditions); what
a step means beside its new state is the use case's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from village import access, clock
from village.access import Actor
from village.errors import LostRace
from village.workflow.engine import Machine, Step, Transition


class SmallMachine(Machine):
    """A table of 3.8. `permissions`: by action the permission that is asked for it."""

    def __init__(
        self, name: str, states: tuple[str, ...], rows: tuple[Transition, ...],
        permissions: Mapping[str, str], over: str,
    ) -> None:  # fmt: skip
        self.name, self.states, self.rows = name, states, rows
        self.permissions, self.over = permissions, over

    def may(self, row: Any, relations: frozenset[str]) -> list[str]:
        """Return the actions that the table gives to these relations in the present state."""
        return [
            action
            for action in self.actions()
            if action in self.permissions and self.find(action, row, relations)
        ]

    def take(
        self, session: Session, row: Any, action: str, *, actor: Actor, relations: frozenset[str],
        permission: str | None = None,
    ) -> Transition:  # fmt: skip
        """Return the table's row for an action that may be taken now.

        `permission`: asked instead of the action's own, where there is another way to it.

        Raises NotFound or Forbidden as the matrix has it, LostRace (code `over`) for another
        state, and what the row's guards raise.
        """
        access.require(permission or self.permissions[action], relations)
        found = self.find(action, row, relations)
        if found is None:
            raise LostRace(self.over, "it is in another state", current_status=row.status)
        role = next(relation for relation in found.who if relation in relations)
        step = Step(session, row, found, actor, role, {}, clock.now(), source=row.status)
        for guard in found.guards:
            guard(step)
        return found
