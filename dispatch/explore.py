"""Two offers in a hundred go to anybody who may be asked, so that others can be learnt about.

Only where it is not urgent, and never to who is still resting. The propensity, the chance with
which she was chosen, is kept with every offer: without it no other policy could be judged by
the log.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from hashlib import blake2b
from random import Random

from dispatch.policies.common import Id, Offer, People, Plan, Prospect, Settings, Task, Urgency

SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Chosen:
    """An offer as it is made: by the policy or by chance, and how likely it was."""

    offer: Offer
    source: str
    propensity: float


def seed_of(task: Id, look: int) -> int:
    """Return the seed of a task's look: the same facts make the same offers."""
    digest = blake2b(f"{task}:{look}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def explore(task: Task, plan: Plan, pool: Able, seed: int, taken: Set[Id]) -> list[Chosen]:
    """Return the plan's offers, a few of them given to others.

    `taken`: have an offer already, among them all of the plan's.
    """
    if task.urgency is Urgency.URGENT or not plan.offers:
        return [Chosen(offer, "policy", 1.0) for offer in plan.offers]
    rng, chosen = Random(seed), list[Chosen]()  # noqa: S311 (no secret)
    for offer in plan.offers:
        chosen.append(_one(task, offer, pool, taken, rng))
        if chosen[-1].offer is not offer:
            taken = taken | {chosen[-1].offer.volunteer}
    return chosen


@dataclass(frozen=True)
class Able:
    """Who might be asked by chance: near enough, rested, and to be asked at this moment."""

    prospects: Sequence[Prospect]
    ids: Set[Id]


def able(task: Task, circle: int, people: People, settings: Settings) -> Able:
    """Return who of a task's prospects might be asked by chance, as far as to a circle."""
    rested = settings.get("rested", {}).get(task.urgency, 0.0)
    found = [
        one
        for one in task.prospects
        if one.now and one.circle <= circle and people[one.volunteer].hears >= rested
    ]
    return Able(found, frozenset(one.volunteer for one in found))


def _one(task: Task, offer: Offer, pool: Able, taken: Set[Id], rng: Random) -> Chosen:
    """Each of the others (none of those `taken`) and she are equally likely by chance."""
    others = len(pool.ids - taken)
    each = SHARE / (others + 1)
    if rng.random() >= SHARE:
        return Chosen(offer, "policy", 1 - SHARE + each)
    pick = rng.randrange(others + 1)
    if pick == others:
        return Chosen(offer, "chance", 1 - SHARE + each)
    other = [one for one in pool.prospects if one.volunteer not in taken][pick]
    swapped = Offer(task.id, other.volunteer, other.circle, offer.score, other.chance)
    return Chosen(swapped, "chance", each)


def propensity(task: Task, plan: Plan, pool: Able, taken: Set[Id], person: Id) -> float:
    """Return the chance with which `person` is asked by a plan; `taken`: as for `explore`.

    Of several offers of one plan, each is taken to go to others by itself: right to a thousandth.
    """
    mine = any(offer.volunteer == person for offer in plan.offers)
    if task.urgency is Urgency.URGENT or not plan.offers:
        return float(mine)
    others = pool.ids - taken
    each = SHARE / (len(others) + 1)
    if mine:
        return 1 - SHARE + each
    return len(plan.offers) * each if person in others else 0.0
