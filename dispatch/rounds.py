"""Rounds: a village's tasks that are due are looked at together, and the next people are asked.

Locks in this order: the village and those that lend to it, the requests by id, the volunteers
by id, and what the village's answers tell. So nobody is asked by two decisions at once, and no
two wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from dispatch import borders, by_name, learning, paired, record, reserve, situation, wakeups, why
from dispatch.deciding import Facts, Look, decisions, in_turn, most_for
from dispatch.endings import Ending
from dispatch.explore import Chosen
from dispatch.outcome import outcome
from dispatch.policies.common import Plan
from dispatch.policies.registry import Policy
from dispatch.record import Decided
from dispatch.situation import Near
from village import clock, hours, offers
from village.db import table
from village.ids import new_id
from village.models import Offer, Request, Round
from village.models import Task as TaskRow
from village.offers import Grounds
from village.workflow import priorities
from village.workflow.engine import LOCK, attempt
from village.workflow.offer import OFFER
from village.workflow.request import REQUEST

# A round's villages are its own, those that lend to it, and where their people help, too.
_LOCK_ALL = sa.text("""
    select pg_advisory_xact_lock(hashtextextended('dispatch:' || village, 0))
    from (select unnest(cast(:villages as text[])) as village
          union
          select elsewhere.village_code from memberships here
          join memberships elsewhere using (person_id)
          where here.village_code = any(:villages) and here.active and elsewhere.active
          order by village) as all_villages
""")


def run_round(session: Session, request_id: UUID, *, wakes: bool = True) -> Plan | None:
    """Look at a request's open task and at its village's others that are due; ask the next people.

    Returns its plan; None when it looks for nobody, or its reserve has the first word. Safe to
    run at any time and any number of times: it reads how things stand under locks, and does
    only what is due. `wakes`: as `borders.leave` says.
    """
    village = session.scalar(_VILLAGE, {"request_id": request_id})
    if village is None:
        return None
    near = situation.near(session, village, clock.now())
    lock_villages(session, {village, *(key[0] for key in near)})
    now = clock.now()
    request_ids = _due(session, village, request_id, now)
    called = reserve.goes_first(session, request_ids)
    request_ids = [one for one in request_ids if one not in called]
    silent = _expire(session, request_ids, now)
    plan = _look_at(session, village, request_ids, near, now, wakes).get(request_id)
    learning.learn_silence(session, silent)
    return plan


def _open() -> sa.Select[str]:
    return (
        sa.select(TaskRow.village_code)
        .join(Request, Request.id == TaskRow.request_id)
        .where(TaskRow.status == "open", Request.status == "dispatching")
    )


def _all_due() -> sa.Select[UUID]:
    now: sa.BindParameter[datetime] = sa.bindparam("now")
    overdue = sa.exists().where(
        Offer.task_id == TaskRow.id, Offer.status == "offered", Offer.expires_at <= now
    )
    waits = sa.or_(TaskRow.starving, TaskRow.next_wake.is_(None)) & (TaskRow.ends_at > now)
    due = sa.or_(
        TaskRow.request_id == sa.bindparam("request_id"), waits, TaskRow.next_wake <= now, overdue
    )
    found = _open().where(TaskRow.village_code == sa.bindparam("village"), due)
    locked = found.order_by(Request.id).with_for_update(of=Request, **LOCK)
    return locked.with_only_columns(TaskRow.request_id)


# Made once: they are asked with every round, and take longer to make than to answer.
_VILLAGE = _open().where(TaskRow.request_id == sa.bindparam("request_id"))
_DUE = _all_due()
_OVERDUE = (
    sa.select(Offer.id)
    .where(
        Offer.request_id == sa.any_(sa.bindparam("ids", type_=postgresql.ARRAY(sa.Uuid))),
        Offer.status == "offered",
        Offer.expires_at <= sa.bindparam("now"),
    )
    .order_by(Offer.id)
)


def lock_villages(session: Session, codes: Iterable[str]) -> None:
    """Let nobody else decide who is asked of these villages' people until this is over."""
    session.execute(_LOCK_ALL, {"villages": list(codes)})


def _due(session: Session, village: str, request_id: UUID, now: datetime) -> list[UUID]:
    """Lock the requests whose open tasks are due, or wait for people, and this one; return them.

    In the order of their ids, so that no two rounds wait for each other.
    """
    values = {"village": village, "request_id": request_id, "now": now}
    return list(session.scalars(_DUE, values))


def _expire(session: Session, request_ids: list[UUID], now: datetime) -> list[UUID]:
    found = session.scalars(_OVERDUE, {"ids": request_ids, "now": now}).all()
    expired = [offer for one in found if (offer := attempt(session, OFFER, one, "expire"))]
    for offer in expired:
        session.get_one(TaskRow, offer.task_id).next_wake = now  # the next one's turn
    session.flush()
    return [offer.id for offer in expired]


# ---------------------------------------------------------------- the decision


def _look_at(
    session: Session, village: str, request_ids: list[UUID], near: Near, now: datetime, wakes: bool
) -> dict[UUID, Plan]:
    seen = situation.load(session, village, request_ids, near, now)
    people = seen.people
    learnt = learning.load(session, village, [people.id(n) for n in range(len(people))])
    facts = Facts(people, learnt, now, most_for(seen.works))
    plans: dict[UUID, Plan] = {}
    due = [work for work in seen.works if work.is_due(now)]
    due = borders.leave(session, due, people, near, now, wakes=wakes)
    if any(work.pairs for work in due):
        due = in_turn(due, learnt, now)
    first = paired.ask(session, due, people, learnt, now)
    by_name.remember(session, first.asked, now)
    for policy, looks, decided in decisions(first.works, facts, first.asked):
        _write(session, policy, looks, decided, facts)
        plans |= {
            look.work.request_id: decided.decision.plans[look.task.id]
            for look in looks
            if look.task.id in decided.decision.plans
        }
    for work in seen.works:
        if work.task_id in first.waiting:
            why.show(session.get_one(TaskRow, work.task_id), first.waiting[work.task_id])
        if work.task_id in first.waiting or not work.is_due(now):
            _arm(session, work.task_id, first.waiting.get(work.task_id, work.next_wake))
    return plans


# ---------------------------------------------------------------- what it leads to


def _write(
    session: Session, policy: Policy, looks: list[Look], decided: Decided, facts: Facts
) -> None:
    decision_id, people = new_id(), facts.weighed()
    session.execute(
        sa.insert(table(Round)),
        [
            {
                "id": new_id(),
                "task_id": look.work.task_id,
                "n": look.work.looks + 1,
                "decision_id": decision_id,
                "at": facts.now,
                "policy": policy.version,
                "seed": look.seed,
                "left_out": look.left_out,
                "task": record.task_json(look.task),
                "candidates": record.candidates_json(look.task, people),
                "plan": record.plan_json(look.task, decided),
            }
            for look in looks
        ],
    )
    for look in looks:
        chosen = decided.chosen.get(look.task.id, [])
        with session.no_autoflush:  # the task is written once, with its next look
            _ask(session, policy, look, chosen, facts)
        _next(session, look, decided.decision.plans.get(look.task.id), facts.now)
    by_name.remember(
        session,
        [one.offer.volunteer for chosen in decided.chosen.values() for one in chosen],
        facts.now,
    )


def _ask(session: Session, policy: Policy, look: Look, chosen: list[Chosen], facts: Facts) -> None:
    work, row = look.work, session.get_one(TaskRow, look.work.task_id)
    row.policy = policy.version
    if not chosen:
        return
    expires_at = priorities.offer_expires(work.priority, facts.now, hours.of(session, work.village))
    if look.task.at_most is None:  # else they belong to the wave that was served in part
        row.wave, row.wave_ends_at = work.rounds + 1, expires_at
    row.circle = max(work.circle, *(one.offer.circle for one in chosen))
    for one in chosen:
        who = UUID(str(one.offer.volunteer))
        grounds = _grounds(policy, look, one, facts)
        offers.invite(session, row, who, wave=row.wave, expires_at=expires_at, grounds=grounds)


def _grounds(policy: Policy, look: Look, one: Chosen, facts: Facts) -> Grounds:
    asked, personal = look.asked(one.offer.volunteer, facts.now)
    return Grounds(
        source=one.source,
        policy=policy.version,
        circle=one.offer.circle,
        km=asked.km,
        kind=look.work.kind,
        chance=facts.learnt.predicted(asked, personal),
        heard=asked.heard,
        score=one.offer.score,
        propensity=one.propensity,
        seed=look.seed,
    )


def _next(session: Session, look: Look, plan: Plan | None, now: datetime) -> None:
    """End the search, or say when to look again."""
    row, found = session.get_one(TaskRow, look.work.task_id), outcome(look, plan, now)
    row.short, row.starving, row.next_wake = found.short, found.short > 0, found.next_wake
    why.show(row, row.next_wake)
    if found.village_at is not None:
        row.village_at = found.village_at
        attempt(session, REQUEST, look.work.request_id, "widen_village")
    if found.widens_at is not None:
        row.widens_at = found.widens_at
        attempt(session, REQUEST, look.work.request_id, "widen")
    if found.end is not None and found.told:
        attempt(session, REQUEST, look.work.request_id, found.end.value)
    if found.end is not Ending.GIVE_UP:
        _arm(session, look.work.task_id, row.next_wake)


def _arm(session: Session, task_id: UUID, wake: datetime | None) -> None:
    """Leave one open due time: the next look, or before it the end of an offer that is out."""
    row = session.get_one(TaskRow, task_id)
    wakeups.set_due(session, row.request_id, wake, task_id)
