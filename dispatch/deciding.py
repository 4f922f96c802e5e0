"""One decision about the tasks that are due together: who is weighed for each, and who is chosen.

Nothing here reads or writes the database: what is known goes in, what is to be done comes out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby

from dispatch import record, translate
from dispatch.candidates import Screened, screen
from dispatch.explore import seed_of
from dispatch.learning import Learnt
from dispatch.people import People
from dispatch.policies import registry
from dispatch.policies.common import Id, Prospect, Task, Urgency, Volunteer, in_line
from dispatch.policies.registry import Policy
from dispatch.record import Decided
from dispatch.response import Asked
from dispatch.work import NEXT_VILLAGE, OWN_VILLAGE, Work

WEIGHED, WEIGHED_IN_A_STORM = 200, 30  # people a task
LATER = datetime.max.replace(tzinfo=UTC)
STORM = 20  # places looked for at once; as many as make the policies assign all together


@dataclass(frozen=True)
class Listed:
    """Who is weighed for a task, and where they stand among those `around`."""

    prospects: list[Prospect]
    places: dict[Id, int]


@dataclass(frozen=True)
class Around:
    """The people of a village and of those that lend to it, also as the policies see them.

    `listed`: by what they have in common, for tasks that look among the same people.
    """

    people: People
    persons: dict[int, Volunteer] = field(default_factory=dict)
    listed: dict[Hashable, Listed] = field(default_factory=dict)

    def person(self, place: int, now: datetime) -> Volunteer:
        """Return a person as the policies see her."""
        if place not in self.persons:
            self.persons[place] = translate.volunteer(self.people, place, now)
        return self.persons[place]


@dataclass(frozen=True)
class Facts:
    """What all looks of a decision share; at most `most` people are weighed for a task.

    `most` is by village, since those who look for people in the same one weigh the same people.
    """

    people: People
    learnt: Learnt
    now: datetime
    most: Mapping[str, int] = field(default_factory=dict)
    by_village: dict[str, Around] = field(default_factory=dict)

    def around(self, work: Work) -> Around:
        """Return those who live near enough to a task."""
        if work.village not in self.by_village:
            villages = {work.village, *(village for village, _ in work.near)}
            self.by_village[work.village] = Around(self.people.of_villages(villages))
        return self.by_village[work.village]

    def weighed(self) -> dict[Id, Volunteer]:
        """Return everybody who is weighed for some task."""
        everywhere = (around.persons.values() for around in self.by_village.values())
        return {person.id: person for persons in everywhere for person in persons}


@dataclass
class Look:
    """One task at one look: what is known, what the policy is given, and what it decides.

    `places`: where among those `around` the persons stand who are weighed. `widest` is the
    widest circle that the heads allow and in which there is anybody; `coming`: the wider circles
    that are to be asked, and of which the head hears first.
    """

    work: Work
    around: Around
    left_out: dict[str, int]
    anybody_now: bool
    places: dict[Id, int]
    task: Task
    widest: int
    seed: int
    coming: tuple[int, ...] = ()

    def asked(self, person: Id, now: datetime) -> tuple[Asked, bool]:
        """Return an offer to a person as the model sees it, and whether it may know her."""
        place = self.places[person]
        km = next(one.km for one in self.task.prospects if one.volunteer == person)
        asked = translate.asked(self.work, self.around.persons[place], km, now)
        return asked, bool(self.around.people.personal[place])


def most_for(works: Sequence[Work]) -> dict[str, int]:
    """Return how many people are weighed for each task of a village: in a storm, fewer.

    Never fewer than there are places in the village, so that each may find somebody else.
    """
    places = Counter[str]()
    for one in works:
        places[one.village] += one.places_open
    if places.total() <= STORM:
        return {}
    return {code: min(max(count, WEIGHED_IN_A_STORM), WEIGHED) for code, count in places.items()}


def look_at(work: Work, facts: Facts, taken: Collection[object] = ()) -> Look:
    """Return what a policy is given of a task; who is `taken` already may be asked later only."""
    around, now = facts.around(work), facts.now
    found = screen(around.people, work, now)
    listed = _listed(work, facts, found, taken)
    widest = min(work.widest, max((one.circle for one in listed.prospects), default=0))
    return Look(
        work=work,
        around=around,
        left_out=found.left_out,
        anybody_now=bool(found.now.any()),
        places=listed.places,
        task=translate.task(work, listed.prospects, facts.learnt, now, widest),
        widest=widest,
        seed=seed_of(work.task_id, work.looks + 1),
    )


def _listed(work: Work, facts: Facts, found: Screened, taken: Collection[object]) -> Listed:
    """Return who is weighed: once for all tasks of a kind that the same people may be asked for."""
    around = facts.around(work)
    masks = found.later.tobytes(), found.now.tobytes()
    alike = work.station, work.kind, *masks, frozenset(taken)
    if alike not in around.listed:
        around.listed[alike] = _weighed(work, facts, found, taken)
    return around.listed[alike]


def _weighed(work: Work, facts: Facts, found: Screened, taken: Collection[object]) -> Listed:
    around, now = facts.around(work), facts.now
    most = facts.most.get(work.village, WEIGHED)
    places = translate.shortlist(around.people, work, found, now, most).tolist()
    persons = {place: around.person(place, now) for place in places}
    prospects = translate.prospects(work, around.people, persons, found, facts.learnt, taken, now)
    return Listed(prospects, {person.id: place for place, person in persons.items()})


def decisions(
    works: Sequence[Work], facts: Facts, asked: Collection[Id] = ()
) -> Iterator[tuple[Policy, list[Look], Decided]]:
    """Decide about all tasks that are due, in their line; nobody is asked twice, nor who was just.

    What is decided first is to be carried out before the next is asked for.
    """
    taken: set[Id] = set(asked)
    for policy, line in _by_policy(works, facts):
        looks = [look_at(work, facts, taken) for work in line]
        decided = decide(policy, looks, facts)
        taken |= {one.offer.volunteer for chosen in decided.chosen.values() for one in chosen}
        yield policy, looks, decided


def _by_policy(works: Sequence[Work], facts: Facts) -> list[tuple[Policy, list[Work]]]:
    """Group tasks by the policy that their station has chosen, as far as their line allows.

    Who stands before others chooses before them, whatever the policies; usually there is one.
    """
    if len(works) == 1:
        policy = registry.choose(works[0].policy or registry.DEFAULT, facts.learnt.calibration)
        return [(policy, list(works))]

    def version(work: Work) -> str:
        return registry.choose(work.policy or registry.DEFAULT, facts.learnt.calibration).version

    groups = groupby(in_turn(works, facts.learnt, facts.now), version)
    return [(registry.load(name), list(group)) for name, group in groups]


def in_turn(works: Sequence[Work], learnt: Learnt, now: datetime) -> list[Work]:
    """Return tasks in the order in which they choose, whatever their policies."""
    if len(works) < 2:
        return list(works)
    by_id: dict[Id, Work] = {work.task_id: work for work in works}
    line = in_line(translate.task(work, (), learnt, now, 0) for work in works)
    return [by_id[task.id] for task in line]


def decide(policy: Policy, looks: Sequence[Look], facts: Facts) -> Decided:
    """Decide; where a wider circle is wanted for the first time, once more without it."""
    decided = _once(policy, looks, facts)
    for look in looks:
        if coming := _head_first(look, decided, facts.now):
            look.coming, look.task = coming, replace(look.task, widest=coming[0] - 1)
    return _once(policy, looks, facts) if any(look.coming for look in looks) else decided


def _once(policy: Policy, looks: Sequence[Look], facts: Facts) -> Decided:
    seeds = {look.task.id: look.seed for look in looks}
    tasks = [look.task for look in looks]
    return record.decide(policy, translate.minutes(facts.now), tasks, facts.weighed(), seeds)


def _head_first(look: Look, decided: Decided, now: datetime) -> tuple[int, ...]:
    """The head sees it coming that a wider circle is asked, unless it is urgent.

    Return the circles that are wanted and still have to wait for her.
    """
    plan = decided.decision.plans.get(look.task.id)
    if plan is None or look.work.urgency is Urgency.URGENT:
        return ()
    wanted = (one for one in (OWN_VILLAGE, NEXT_VILLAGE) if look.work.circle < one <= plan.circle)
    return tuple(one for one in wanted if (look.work.opens_at(one) or LATER) > now)
