"""Conditions, guards and effects of the request's table, each a rule of workflows 3.1."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock
from village.access import Actor
from village.errors import GuardFailed, Invalid, Recused
from village.models import (
    Category,
    ConflictDeclaration,
    DueTime,
    Handover,
    Person,
    Place,
    Request,
    Station,
    Task,
)
from village.workflow import priorities, task_card
from village.workflow.engine import Step

TRIAGE_HOURS = 4
ANSWER_DAYS = 5
AUTO_CLOSE_DAYS = 7
REOPEN_DAYS = 15
MAX_TRANSFERS = 2
EMERGENCY_MINUTES = 2
ENDED = ("closed", "rejected", "withdrawn", "handed_over", "not_ours")
NO_MACHINE = ("mediation", "council", "referral", "supervision", "safe_path")

# Due times that belong to a state: set on entering it, cancelled on leaving.
STATE_DUE = {
    "draft": "emergency_answer",
    "triage": "triage",
    "needs_info": "requester_answer",
    "resolved": "auto_close",
    "not_ours": "ask_helped",
}


# ---------------------------------------------------------------- conditions


def is_routed(request: Request) -> bool:
    """The routing found a station."""
    return request.station is not None


def was_asked(request: Request) -> bool:
    """The emergency question was put, and no person has taken over yet."""
    return request.emergency is not None


def is_unconfirmed(request: Request) -> bool:
    """The emergency question went unanswered (R30)."""
    return request.waits_for == "unconfirmed_danger"


def may_transfer(request: Request) -> bool:
    """At most two transfers between stations, then the chair decides (R10)."""
    return request.transfers < MAX_TRANSFERS


def was_reopened(request: Request) -> bool:
    """The villager said that it is not solved."""
    return request.reopened > 0


def is_short(request: Request) -> bool:
    """A wave ended with some of the people, not all."""
    return request.no_volunteer


def never_reopened(request: Request) -> bool:
    """The first reopening is free (R25)."""
    return request.reopened == 0


def reopened_before(request: Request) -> bool:
    """It was reopened before: from now on the chair decides (R25)."""
    return request.reopened > 0


def reopened_once(request: Request) -> bool:
    """The second reopening is the chair's (R25)."""
    return request.reopened == 1


# ---------------------------------------------------------------- guards


def has_consent(step: Step) -> None:
    """The privacy notice was accepted, before or with this call (R1)."""
    if not (step.row.consent_version or step.actor.consent):
        raise GuardFailed("consent_needed", "accept the privacy notice first")


def not_recused(step: Step) -> None:
    """Nobody decides on her own, her household's or her declared relatives' matter (3.0)."""
    refuse_recused(step.session, step.actor, step.row)


def refuse_recused(session: Session, actor: Actor, request: Request) -> None:
    """Raise Recused for who is a party to the request, of the household, or declared kin."""
    me, requester = actor.person_id, request.requester_id
    if me is not None and is_too_close(session, me, requester):
        raise Recused


def is_too_close(session: Session, me: UUID, other: UUID) -> bool:
    """Tell whether two people are one, of one household, or declared relatives."""
    return me == other or bool(session.scalar(_too_close(me, other)))


def _too_close(me: Any, other: Any) -> sa.Select[tuple[bool]]:
    declared = sa.exists().where(
        sa.tuple_(ConflictDeclaration.person_id, ConflictDeclaration.other_id).in_(
            [(me, other), (other, me)]
        )
    )
    mine, theirs = sa.orm.aliased(Person), sa.orm.aliased(Person)
    together = sa.exists().where(
        mine.id == me,
        theirs.id == other,
        mine.household == theirs.household,
        mine.village_code == theirs.village_code,
    )
    return sa.select(sa.or_(declared, together))


def stays_sealed(step: Step) -> None:
    """A dispute stays with those who may read it: no other station sees what it is about."""
    if step.row.sealed and step.payload["station"] != "mediation":
        raise GuardFailed("sealed_stays", "a dispute stays with the mediators")


def is_confirmed(step: Step) -> None:
    """Danger that nobody has ruled out is looked at, not turned away (R30)."""
    if step.row.waits_for == "unconfirmed_danger":
        raise GuardFailed("emergency_stays", "somebody must look at this first")


def other_station(step: Step) -> None:
    """A transfer goes somewhere else."""
    if step.payload["station"] == step.row.station:
        raise GuardFailed("same_station", "the request is at that station already")


def has_machine(step: Step) -> None:
    """What mediation, council or a referral must do is not done as if it were ordinary work."""
    if step.row.waits_for in NO_MACHINE:
        raise GuardFailed("needs_other_body", waits_for=step.row.waits_for)


def for_volunteers(step: Step) -> None:
    """Some things are not for volunteers: `no_vol` categories, and emergencies (N4)."""
    category = _category(step)
    if step.row.priority == "P0" or (category is not None and "no_vol" in category.flags):
        raise GuardFailed("not_for_volunteers", "this is not a task for volunteers")


def no_live_task(step: Step) -> None:
    """A reopened request gets a new task only when the old one has ended."""
    live = sa.select(Task.id).where(
        Task.request_id == step.row.id, Task.status.in_(("open", "filled"))
    )
    if step.session.scalar(live):
        raise GuardFailed("task_open", "volunteers are still at work on this")


def somebody_accepted(step: Step) -> None:
    """The work can go ahead with those who said yes, if there is one."""
    if not step.session.scalar(sa.select(_taken(step).exists())):
        raise GuardFailed("nobody_yet", "nobody has accepted yet")


def _taken(step: Step) -> sa.Select[int]:
    return (
        sa.select(Place.seq)
        .join(Task, Task.id == Place.task_id)
        .where(Task.request_id == step.row.id, Task.status == "open", Place.status != "open")
    )


def second_person(step: Step) -> None:
    """With risk or money, who did the work does not check it (R23)."""
    category = _category(step)
    money = category is not None and "fund" in category.flags
    if (money or _risk(step) >= 2) and _worked_on_it(step):
        raise GuardFailed("second_person_needed", "another person must check this")


def _worked_on_it(step: Step) -> bool:
    me = step.actor.person_id
    mine = sa.exists().where(
        Place.task_id == Task.id,
        Task.request_id == step.row.id,
        Place.person_id == me,
        Place.status == "completed",
    )
    return me == step.row.done_by or bool(step.session.scalar(sa.select(mine)))


def _risk(step: Step) -> int:
    risk = sa.select(sa.func.max(Task.risk)).where(Task.request_id == step.row.id)
    card = (category := _category(step)) is not None and category.task_card.get("risk", 0)
    return max(step.session.scalar(risk) or 0, int(card or 0))


def within_15_days(step: Step) -> None:
    """A resolved request can be reopened for fifteen days (R25)."""
    if step.now > step.row.resolved_at + timedelta(days=REOPEN_DAYS):
        raise GuardFailed("too_late", "more than 15 days have passed")


def _category(step: Step) -> Category | None:
    return step.session.get(Category, step.row.category) if step.row.category else None


# ---------------------------------------------------------------- effects


def set_limits(step: Step) -> None:
    """Start the two clocks of a request that people now see (3.0)."""
    if step.row.submitted_at is None:
        _set_limits(step)


def _set_limits(step: Step) -> None:
    request, category = step.row, step.payload.get("category")
    if category is None and step.row.category:
        category = _category(step)
    hours = category.first_response_hours if category else 24
    days = category.resolve_days if category else 7
    raised = category is None or request.priority != category.priority
    first = priorities.first_response_due(request.priority, hours, step.now, raised=raised)
    resolve = priorities.resolve_due(request.priority, days, step.now, raised=raised)
    request.submitted_at = step.now
    request.first_response_due, request.resolve_due = first, resolve
    step.due |= {"first_response": first, "resolve": resolve}


def presume_danger(step: Step) -> None:
    """Nobody answered: people look at it at once, as danger that is not confirmed (R30)."""
    step.row.priority = "P1"
    step.row.waits_for = "unconfirmed_danger"
    _set_limits(step)


def no_danger(step: Step) -> None:
    """The villager says that nobody is in danger."""
    if step.row.waits_for == "unconfirmed_danger":
        step.row.waits_for = step.row.routing.get("waits_for")
    step.row.emergency = {**step.row.emergency, "danger_now": False}


def hand_to_rescue(step: Step) -> None:
    """Confirmed danger is for the rescue services; it never becomes a task (R2, N4)."""
    step.row.priority = "P0"
    if step.row.waits_for == "unconfirmed_danger":
        step.row.waits_for = None
    step.row.emergency = {**step.row.emergency, "danger_now": True}
    numbers = "、".join(f"{n['label']} {n['number']}" for n in step.row.emergency["numbers"])
    _add_handover(step, numbers, None, "emergency")


def hand_over(step: Step) -> None:
    """Another body takes it: on whose word, and how to reach them (R29)."""
    receiver, basis = step.payload["receiver"], step.payload["basis"]
    _add_handover(step, receiver, step.payload.get("contact"), basis)
    step.data["receiver"] = receiver


def _add_handover(step: Step, receiver: str, contact: str | None, basis: str) -> None:
    step.session.add(
        Handover(
            request_id=step.row.id,
            receiver=receiver,
            contact=contact,
            basis=basis,
            handed_by=step.actor.person_id,
            at=step.now,
        )
    )


def to_station(step: Step) -> None:
    """Put it to a station; the clocks go on as they were (R5, R10)."""
    request, station = step.row, step.payload["station"]
    if step.session.get(Station, (request.village_code, station)) is None:
        raise Invalid(errors={"station": ["没有这个站"]})
    category = step.payload.get("category")
    if category is not None:
        found = step.session.get(Category, category)
        if found is None or found.station != station:
            raise Invalid(errors={"category": ["这个类别不属于所选的站"]})
        request.category = category
        if request.waits_for != "safe_path":
            request.waits_for = task_card.waits_for(found)
    request.station = station
    seal_dispute(request)


def seal_dispute(request: Request) -> None:
    """What is a dispute is sealed from then on, never opened by a transfer, and mediated."""
    if request.station == "mediation" and task_card.is_dispute(request.category):
        request.sealed = request.neutral = True
        request.waits_for = request.waits_for or "mediation"


def count_transfer(step: Step) -> None:
    """Count a transfer by a head."""
    step.row.transfers += 1


def responded(step: Step) -> None:
    """The first human answer that the villager can see stops the first clock (3.0)."""
    if step.row.first_response_at is None:
        step.row.first_response_at = step.now
        cancel_due(step, "first_response")


def take_over(step: Step) -> None:
    """The head confirms the priority; a person has seen what was unconfirmed danger (R6)."""
    if step.row.station is None:
        step.row.station = _my_station(step)
    step.data["station"] = step.row.station
    if step.row.waits_for == "unconfirmed_danger":
        step.row.waits_for = step.row.routing.get("waits_for")
    priority = step.payload.get("priority")
    if priority and priority != step.row.priority:
        if step.row.priority == "P0":
            raise GuardFailed("emergency_stays", "an emergency keeps its priority")
        step.row.priority = priority
        _bring_forward(step)
    step.row.no_volunteer = False


def _my_station(step: Step) -> str:
    mine = [
        grant.station
        for grant in step.actor.grants
        if grant.role in ("head", "deputy") and grant.unit == step.row.village_code
    ]
    if not mine or mine[0] is None:
        raise GuardFailed("route_first", "choose a station first")
    return mine[0]


def _bring_forward(step: Step) -> None:
    """A raised priority can only make the limits earlier."""
    limits = priorities.TABLE[step.row.priority]
    start = step.row.submitted_at or step.now
    due = priorities.resolve_due(step.row.priority, limits.resolve_days, start)
    if step.row.resolve_due is None or due < step.row.resolve_due:
        step.row.resolve_due = due
        cancel_due(step, "resolve")
        step.due |= {"resolve": due}


def pause(step: Step) -> None:
    """The clock rests while the villager is asked (3.0)."""
    step.row.question = step.payload["question"]
    step.row.paused_at = step.now
    step.session.execute(_open_due(step, "resolve").values(paused_at=step.now))


def go_on(step: Step) -> None:
    """The answer came: the clock goes on, and its limits move by the time it rested (R8)."""
    rested = step.now - (step.row.paused_at or step.now)
    step.row.paused_at = None
    if step.row.resolve_due is not None:
        step.row.resolve_due += rested
    step.session.execute(
        _open_due(step, "resolve").values(paused_at=None, due_at=DueTime.due_at + rested)
    )


def open_task(step: Step) -> None:
    """Write the task card and its places; the round that asks people comes after the commit."""
    step.row.no_volunteer = False
    task_card.open_task(step, _category(step))


def refill(step: Step) -> None:
    """A place became free: the task is open again, and the next people are asked (R18)."""
    live = sa.update(Task).where(Task.request_id == step.row.id, Task.status == "filled")
    step.session.execute(live.values(status="open", wave=0, wave_ends_at=None))
    step.jobs.append("dispatch.round")


def run_short(step: Step) -> None:
    """A wave ended with some of the people: they are kept, and the head decides (3.1)."""
    step.row.no_volunteer = True


def drop_open_places(step: Step) -> None:
    """Go ahead with those who said yes: the task is as large as they are many."""
    live = sa.select(Task.id).where(Task.request_id == step.row.id, Task.status == "open")
    step.session.execute(sa.delete(Place).where(Place.task_id.in_(live), Place.status == "open"))
    taken = sa.select(sa.func.count()).where(Place.task_id == Task.id).scalar_subquery()
    step.session.execute(
        sa.update(Task).where(Task.id.in_(live)).values(people_needed=taken),
        execution_options={"synchronize_session": False},
    )


def withdraw_offers(step: Step) -> None:
    """Offers that are still out are taken back, kindly, after the commit."""
    step.row.no_volunteer = False
    live = sa.update(Task).where(Task.request_id == step.row.id, Task.status == "open")
    step.session.execute(live.values(status="filled"))
    _cancel_round(step)


def close_unfilled(step: Step) -> None:
    """Nobody came: the head sees it, and may send it out again or handle it (R15)."""
    step.row.no_volunteer = True
    cancel_task(step)


def do_without_volunteers(step: Step) -> None:
    """The station does it: that nobody came is no longer anybody's worry (R16)."""
    step.row.no_volunteer = False


def cancel_task(step: Step) -> None:
    """End the task, if there is one; the people on it are told after the commit."""
    live = sa.update(Task).where(
        Task.request_id == step.row.id, Task.status.in_(("open", "filled"))
    )
    step.session.execute(live.values(status="cancelled"))
    _cancel_round(step)


def _cancel_round(step: Step) -> None:
    cancel_due(step, "offer_round")
    step.jobs.append("dispatch.withdraw")


def keep_result(step: Step) -> None:
    """Keep what was done, and by whom where a person of the station did it."""
    step.row.result = step.payload.get("result")
    step.jobs.append("dispatch.withdraw")
    if step.actor.person_id is not None:
        step.row.done_by = step.actor.person_id
    live = sa.update(Task).where(Task.request_id == step.row.id, Task.status == "filled")
    step.session.execute(live.values(status="done"))


def work_again(step: Step) -> None:
    """Those who did the work have it on their list again (R22)."""
    step.jobs.append("dispatch.redo")


def keep_verdict(step: Step) -> None:
    """Keep what the villager says; silence is never satisfaction (R24)."""
    step.row.solved = step.payload["solved"]
    step.row.rating = step.payload.get("rating")


def open_again(step: Step) -> None:
    """It was not solved: one day to see to it (R25)."""
    step.row.reopened += 1
    step.row.solved = step.row.ended_at = step.row.resolved_at = None
    step.row.resolve_due = clock.end_of_service_day(step.now, 1)
    step.due |= {"resolve": step.row.resolve_due}


# ---------------------------------------------------------------- due times


def change_due_times(step: Step, source: str) -> None:
    """Cancel due times of the state that was left, set those of the state that is entered."""
    target = step.transition.target
    if source in STATE_DUE and source != target:
        cancel_due(step, STATE_DUE[source])
    if target in STATE_DUE and source != target:
        step.due |= {STATE_DUE[target]: _state_due(step, target)}
    if target == "resolved":
        step.row.resolved_at = step.now
        cancel_due(step, "resolve", "first_response")
    if target in ENDED and source != target:
        step.row.ended_at = step.now
        if source not in ("resolved", "-"):
            cancel_due(step, "resolve", "first_response")


def _state_due(step: Step, state: str) -> Any:
    if state == "draft":
        return step.now + timedelta(minutes=EMERGENCY_MINUTES)
    if state == "triage":
        return priorities.after(step.row.priority, TRIAGE_HOURS, step.now)
    if state == "needs_info":
        return clock.end_of_service_day(step.now, ANSWER_DAYS)
    # resolved (R24) and not_ours (R31) both wait a week for the villager's word
    return step.now + timedelta(days=AUTO_CLOSE_DAYS)


def cancel_due(step: Step, *kinds: str) -> None:
    """Cancel the open due times of these kinds."""
    step.session.execute(_open_due(step, *kinds).values(cancelled_at=step.now))


def _open_due(step: Step, *kinds: str) -> sa.Update:
    return sa.update(DueTime).where(
        DueTime.request_id == step.row.id,
        DueTime.kind.in_(kinds),
        DueTime.fired_at.is_(None),
        DueTime.cancelled_at.is_(None),
    )
