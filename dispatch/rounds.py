"""Rounds: a village's tasks that are due are looked at together, and the next people are asked.

Locks in this order: the village and those that lend to it, the requests by id, the volunteers
by id, and what the village's answers tell. So nobody is asked by two decisions at once, and no
two wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from dispatch import by_name, learning, paired, record, reserve, situation, translate, wakeups
from dispatch.deciding import Facts, Look, decide, look_at, most_for
from dispatch.endings import Ending, ending, lacking
from dispatch.explore import Chosen
from dispatch.learning import Learnt
from dispatch.policies import registry
from dispatch.policies.common import Id, Plan, Urgency, in_line
from dispatch.policies.registry import Policy
from dispatch.record import Decided
from dispatch.situation import Near
from dispatch.work import Work
from village import clock, hours, offers
from village.db import table
from village.ids import new_id
from village.models import Offer, Request, Round
from village.models import Task as TaskRow
from village.offers import Grounds
from village.workflow import priorities
from village.workflow.engine import attempt
from village.workflow.offer import OFFER
from village.workflow.request import REQUEST

NOTICE = {Urgency.TODAY: timedelta(minutes=30), Urgency.LATER: timedelta(minutes=60)}
STARVING_LOOK = timedelta(minutes=30)
NO_PLAN = Plan((), 0.0)

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


def run_round(session: Session, request_id: UUID) -> Plan | None:
    """Look at a request's open task and at its village's others that are due; ask the next people.

    Returns its plan; None when it looks for nobody, or its reserve has the first word. Safe to
    run at any time and any number of times: it reads how things stand under locks, and does
    only what is due.
    """
    village = session.scalar(_open().where(TaskRow.request_id == request_id))
    if village is None:
        return None
    near = situation.near(session, village, clock.now())
    lock_villages(session, {village, *(key[0] for key in near)})
    now = clock.now()
    request_ids = _due(session, village, request_id, now)
    wakeups.lock_requests(session, request_ids)
    called = reserve.goes_first(session, request_ids)
    request_ids = [one for one in request_ids if one not in called]
    silent = _expire(session, request_ids, now)
    plan = _look_at(session, village, request_ids, near, now).get(request_id)
    learning.learn_silence(session, silent)
    return plan


def _open() -> sa.Select[str]:
    return (
        sa.select(TaskRow.village_code)
        .join(Request, Request.id == TaskRow.request_id)
        .where(TaskRow.status == "open", Request.status == "dispatching")
    )


def lock_villages(session: Session, codes: Iterable[str]) -> None:
    """Let nobody else decide who is asked of these villages' people until this is over."""
    session.execute(_LOCK_ALL, {"villages": list(codes)})


def _due(session: Session, village: str, request_id: UUID, now: datetime) -> list[UUID]:
    """Return the requests whose open tasks are due, or wait for people; and this one."""
    overdue = sa.exists().where(
        Offer.task_id == TaskRow.id, Offer.status == "offered", Offer.expires_at <= now
    )
    due = sa.or_(
        TaskRow.request_id == request_id,
        TaskRow.starving,
        TaskRow.next_wake.is_(None),
        TaskRow.next_wake <= now,
        overdue,
    )
    found = _open().where(TaskRow.village_code == village, due)
    return list(session.scalars(found.with_only_columns(TaskRow.request_id)))


def _expire(session: Session, request_ids: list[UUID], now: datetime) -> list[UUID]:
    overdue = sa.select(Offer.id).where(
        Offer.request_id.in_(request_ids), Offer.status == "offered", Offer.expires_at <= now
    )
    found = session.scalars(overdue.order_by(Offer.id)).all()
    expired = [offer for one in found if (offer := attempt(session, OFFER, one, "expire"))]
    for offer in expired:
        session.get_one(TaskRow, offer.task_id).next_wake = now  # the next one's turn
    session.flush()
    return [offer.id for offer in expired]


# ---------------------------------------------------------------- the decision


def _look_at(
    session: Session, village: str, request_ids: list[UUID], near: Near, now: datetime
) -> dict[UUID, Plan]:
    seen = situation.load(session, village, request_ids, near, now)
    people = seen.people
    learnt = learning.load(session, village, [people.id(n) for n in range(len(people))])
    facts = Facts(people, learnt, now, most_for(seen.works))
    plans: dict[UUID, Plan] = {}
    due = [work for work in seen.works if _is_due(work, now)]
    first = paired.ask(session, due, people, learnt, now)
    by_name.remember(session, first.asked, now)
    taken: set[Any] = set(first.asked)
    for policy, works in _by_policy(first.works, learnt, now):
        looks = [look_at(work, facts, taken) for work in works]
        decided = decide(policy, looks, facts)
        taken |= {one.offer.volunteer for chosen in decided.chosen.values() for one in chosen}
        _write(session, policy, looks, decided, facts)
        plans |= {
            look.work.request_id: decided.decision.plans[look.task.id]
            for look in looks
            if look.task.id in decided.decision.plans
        }
    for work in seen.works:
        if work.task_id in first.waiting or not _is_due(work, now):
            _arm(session, work.task_id, first.waiting.get(work.task_id, work.next_wake))
    return plans


def _is_due(work: Work, now: datetime) -> bool:
    """A task that has its offers out is not asked for more before its time."""
    return work.starving or work.next_wake is None or work.next_wake <= now


def _by_policy(works: list[Work], learnt: Learnt, now: datetime) -> list[tuple[Policy, list[Work]]]:
    """Group tasks by the policy that their station has chosen, as far as their line allows.

    Who stands before others chooses before them, whatever the policies; usually there is one.
    """
    by_id: dict[Id, Work] = {work.task_id: work for work in works}
    line = in_line(translate.task(work, (), learnt, now, 0) for work in works)

    def version(work: Work) -> str:
        return registry.choose(work.policy or registry.DEFAULT, learnt.calibration).version

    groups = groupby((by_id[task.id] for task in line), version)
    return [(registry.load(name), list(group)) for name, group in groups]


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
    row = session.get_one(TaskRow, look.work.task_id)
    offers = len(plan.offers) if plan else 0
    end = ending(look.work, look.task, look.widest, translate.minutes(now), offers)
    lacks = lacking(look.task, look.widest, plan or NO_PLAN)
    row.short = 0 if end is Ending.GIVE_UP else lacks
    row.starving = row.short > 0
    over = end in (Ending.GIVE_UP, Ending.SHORT) and not (offers or _goes_on(look, now))
    row.next_wake = None if over or plan is None else _wake(look, plan, row.starving, now)
    if look.coming and row.widens_at is None:
        row.widens_at = now + NOTICE[look.work.urgency]
        attempt(session, REQUEST, look.work.request_id, "widen")
    if end is Ending.GIVE_UP or (end is not None and not look.work.told_short):
        attempt(session, REQUEST, look.work.request_id, end.value)
    if end is not Ending.GIVE_UP:
        _arm(session, look.work.task_id, row.next_wake)


def _goes_on(look: Look, now: datetime) -> bool:
    """A search that is short is not over while there is time and somebody to ask."""
    left = any(one.circle <= look.widest for one in look.task.prospects)
    return left and look.task.due > translate.minutes(now)


def _wake(look: Look, plan: Plan, starving: bool, now: datetime) -> datetime:
    if look.task.at_most is not None and look.work.next_wake is not None:
        wake = look.work.next_wake  # its time has not come: only the missing were asked
    else:
        wake = _planned(look, plan, starving, now)
    ends = [translate.due(look.work)]
    if look.coming and look.work.widens_at is not None:
        ends.append(look.work.widens_at)
    elif look.coming:
        ends.append(now + NOTICE[look.work.urgency])
    return min(wake, *(end for end in ends if end > now))


def _planned(look: Look, plan: Plan, starving: bool, now: datetime) -> datetime:
    wake = translate.moment(plan.wake)
    if starving and look.work.urgency is not Urgency.URGENT and not look.anybody_now:
        wake = max(wake, now + STARVING_LOOK)
    return translate.next_look(look.work, now, wake)


def _arm(session: Session, task_id: UUID, wake: datetime | None) -> None:
    """Leave one open due time: the next look, or before it the end of an offer that is out."""
    row = session.get_one(TaskRow, task_id)
    first = sa.select(sa.func.min(Offer.expires_at)).where(
        Offer.task_id == task_id, Offer.status == "offered"
    )
    moments = [at for at in (wake, session.scalar(first)) if at is not None]
    wakeups.set_due(session, row.request_id, min(moments, default=None))
