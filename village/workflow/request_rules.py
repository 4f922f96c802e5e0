"""Conditions, guards and effects of the request's table, each a rule of workflows 3.1."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from village import clock
from village.errors import GuardFailed
from village.models import Category, Handover, Place, Request, Task
from village.relations import ENTERER
from village.workflow import task_card
from village.workflow.engine import Step
from village.workflow.request_limits import (
    bring_forward,
    cancel_due,
    hours_of,
    set_limit,
    start_limits,
)

REOPEN_DAYS = 15
NO_MACHINE = ("mediation", "council", "referral", "supervision", "safe_path")


# ---------------------------------------------------------------- conditions


def is_routed(request: Request) -> bool:
    """The routing found a station."""
    return request.station is not None


def is_nowhere(request: Request) -> bool:
    """No station has it."""
    return request.station is None


def was_asked(request: Request) -> bool:
    """The emergency question was put, and no person has taken over yet."""
    return request.emergency is not None


def is_unconfirmed(request: Request) -> bool:
    """The emergency question went unanswered (R30)."""
    return request.waits_for == "unconfirmed_danger"


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


def reopened_twice(request: Request) -> bool:
    """The third reopening is an escalation besides (R25, 3.7)."""
    return request.reopened > 1


# ---------------------------------------------------------------- guards


def has_consent(step: Step) -> None:
    """The privacy notice was accepted, before or with this call (R1); each for herself."""
    before = step.actor.consent if step.role != ENTERER else None
    if not (step.row.consent_version or before):
        raise GuardFailed("consent_needed", "accept the privacy notice first")


def is_confirmed(step: Step) -> None:
    """Danger that nobody has ruled out is looked at, not turned away (R30)."""
    if step.row.waits_for == "unconfirmed_danger":
        raise GuardFailed("emergency_stays", "somebody must look at this first")


def has_machine(step: Step) -> None:
    """What mediation, council or a referral must do is not done as if it were ordinary work."""
    if step.row.waits_for in NO_MACHINE:
        raise GuardFailed("needs_other_body", waits_for=step.row.waits_for)


def may_be_handled(step: Step) -> None:
    """As `has_machine`; but what helps on the safe path a station may do itself (2.10)."""
    if step.row.waits_for != "safe_path":
        has_machine(step)


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


def presume_danger(step: Step) -> None:
    """Nobody answered: people look at it at once, as danger that is not confirmed (R30)."""
    step.row.priority = "P1"
    step.row.waits_for = "unconfirmed_danger"
    start_limits(step)


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
        bring_forward(step)
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


def open_task(step: Step) -> None:
    """Write the task card and its places; the round that asks people comes after the commit."""
    step.row.no_volunteer = False
    task_card.open_task(step, _category(step))


def refill(step: Step) -> None:
    """A place became free: the task is open again, and the next people are asked (R18).

    While it was filled all was shown; the picture of before would take some of it back.
    """
    live = sa.update(Task).where(Task.request_id == step.row.id, Task.status == "filled")
    anew = dict.fromkeys(("wave_ends_at", "next_wake", "shown_as_of", "shown_until"))
    step.session.execute(live.values(status="open", wave=0, **anew))
    step.jobs.append("dispatch.round")


def run_short(step: Step) -> None:
    """Some or all of the people are missing: who said yes is kept, the head decides (3.1)."""
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
    step.row.resolve_breached_at = step.row.escalated_to = step.row.escalation_seen_at = None
    set_limit(step, "resolve", clock.end_of_service_day(step.now, 1, hours_of(step)))
