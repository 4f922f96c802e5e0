"""The head's word on how far a task's invitations go: ask farther now, or not for now."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import access, clock, lending, outbox, tasks
from village.access import Actor
from village.errors import GuardFailed, NotFound, WrongState
from village.models import Request, Task
from village.workflow.recusal import refuse_recused
from village.workflow.request import REQUEST

CIRCLES = {"village": 1, "neighbours": 2}


def widen(session: Session, actor: Actor, task_id: UUID, circle: str) -> Task:
    """Have people asked as far as `circle` from now on, and look for them at once.

    The policies take it as the least circle, too: who is nearer and free later is not waited for.

    Raises NotFound, Forbidden, Recused, WrongState where nobody is looked for, or GuardFailed
    `no_agreement` where no village helps this one: the word would stay in force unsaid.
    """
    task = open_task(session, actor, task_id, "task.circle")
    helped = sa.select(lending.anybody(task.village_code, task.station))
    if circle == "neighbours" and not session.scalar(helped):
        raise GuardFailed("no_agreement", "no village has agreed to help this one")
    task.widest = max(task.widest or 0, CIRCLES[circle])
    task.hold, task.next_wake = False, clock.now()
    task.shown_until = None  # she wants to see what comes of it
    task.village_at = task.widens_at = clock.now()
    outbox.put(session, "dispatch.round", task.request_id)
    return task


def hold(
    session: Session, actor: Actor, task_id: UUID, *, held: bool, circle: str | None = None
) -> Task:
    """Ask nobody of `circle` and wider for now, or let it take its course.

    Without a circle it goes no farther than it has come: of what only the own station was asked
    for, the village's other stations are held, too. Raises as `widen` does.
    """
    task = open_task(session, actor, task_id, "task.circle")
    task.hold = held
    task.held_from = CIRCLES[circle] if circle else min(task.circle + 1, CIRCLES["neighbours"])
    if not held:
        task.next_wake, task.shown_until = clock.now(), None
        outbox.put(session, "dispatch.round", task.request_id)
    return task


def open_task(
    session: Session, actor: Actor, task_id: UUID, permission: str, *, locked: bool = True
) -> Task:
    """Return a task that looks for people, its request `locked`, for who answers for it.

    Raises NotFound, Forbidden, Recused for a head who is close to the requester, WrongState.
    """
    task = session.get(Task, task_id)
    if task is None:
        raise NotFound
    request = (
        REQUEST.lock(session, task.request_id) if locked else session.get(Request, task.request_id)
    )
    if request is None:
        raise NotFound
    access.require(permission, tasks.relations(actor, task, tasks.own_offer(session, actor, task)))
    refuse_recused(session, actor, request)
    session.refresh(task)
    if task.status != "open" or request.status != "dispatching":
        raise WrongState(current_status=request.status)
    return task
