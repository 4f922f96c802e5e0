"""How likely a yes is: counts of offers and answers, drawn towards what is usual, and fading.

A try counts only as far as she is likely to have heard it, so that asking often does not make
people look unwilling. The figures serve to ask people for what they like and when they can; they
are shown to nobody but herself, rank nobody, and `forget` takes hers away. The estimator, a
shrunken Beta-Binomial, and its weights were the best or equal best of six in tests on synthetic
answers (log-loss of the next answer, each week).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from dispatch.policies.common import Id, Minutes

HALF_LIFE = 60 * 24 * 60.0  # minutes: lives change
REST = 4 * 60.0  # mean minutes in which a message just after another one goes unnoticed
SILENT_NO = 0.7  # part of those who hear and do not come that say nothing
USUAL_YES, USUAL_TRIES = 3.0, 10.0  # before anything is known: 3 in 10
KIND_WEIGHT, PERSON_WEIGHT, TASTE_WEIGHT = 6.0, 4.0, 5.0  # in tries
HOUR_WEIGHT, OWN_HOUR_WEIGHT, KM_WEIGHT = 40.0, 10.0, 40.0  # in yeses expected
LEAST, MOST = 0.01, 0.97
LOGIT_PER_KM, USUAL_KM = -0.25, 0.9  # a guess until counted
KM_EDGES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
DAYPARTS = ((11, "morning"), (16, "midday"), (24, "evening"))


def hears(minutes: Minutes, rest: Minutes = REST) -> float:
    """Chance that a message is noticed, so long after the last one (memoryless rest)."""
    return 1.0 - math.exp(-max(minutes, 0.0) / rest) if rest > 0 else 1.0


def minutes_until(rested: float, heard: float, rest: Minutes = REST) -> Minutes:
    """Return in how many minutes a message is noticed with chance `rested`, now with `heard`."""
    if heard >= rested:
        return 0.0
    return rest * math.log((1 - heard) / (1 - rested)) if rested < 1 else math.inf


def logit(chance: float) -> float:
    """Log odds."""
    return math.log(chance / (1 - chance))


def expit(odds: float) -> float:
    """The chance of these log odds."""
    return 1 / (1 + math.exp(-odds)) if odds > 0 else math.exp(odds) / (1 + math.exp(odds))


class Asked(NamedTuple):
    """An offer as the model sees it: to whom, for what, at what hour (0-23), how far (km).

    `heard` is the chance with which she noticed it, by the time since the last message.
    """

    person: Id
    kind: Hashable
    hour: int
    km: float
    heard: float


@dataclass(slots=True)
class Tally:
    """A fading count of yeses, and of tries (levels) or yeses expected (factors)."""

    yes: float = 0.0
    tries: float = 0.0
    at: Minutes = 0.0

    def add(self, yes: float, tries: float, at: Minutes) -> None:
        """Count what happened at `at`; what was counted before fades."""
        kept = 0.5 ** (max(at - self.at, 0.0) / HALF_LIFE)
        self.yes, self.tries, self.at = self.yes * kept + yes, self.tries * kept + tries, at

    def rate(self, usual: float, weight: float) -> float:
        """The rate of yeses, as if `weight` tries of the usual rate had been seen before."""
        return (self.yes + weight * usual) / (self.tries + weight)


_NOTHING = Tally()


@dataclass
class Response:
    """The counts: of all, by kind, by person, by person and kind; by daypart and distance."""

    counts: dict[Hashable, Tally] = field(default_factory=dict)
    own: dict[Id, dict[Hashable, Tally]] = field(default_factory=dict)

    def chance(self, asked: Asked, *, personal: bool = True) -> float:
        """Chance in [0.01, 0.97] of a yes if she hears it; not `personal`: as of anybody."""
        mine = self.own.get(asked.person, {}) if personal else {}
        odds = logit(self._base(mine, asked.kind)) + self._shift(mine, asked)
        return min(max(expit(odds), LEAST), MOST)

    def learn(
        self, asked: Asked, answer: bool | None, at: Minutes, *, after_silence: bool = False
    ) -> None:
        """Count an answer (yes, no), or the silence (None) once the usual time for one is over.

        `after_silence`: her silence was counted, and the answer makes a whole try of it; unless
        she has had hers forgotten since, so that nothing of it is there.
        """
        mine = self.own.setdefault(asked.person, {})
        yes, base = float(answer is True), self._base(mine, asked.kind)
        tries = noticed(asked.heard, self.chance(asked), answer, after_silence)
        own = tries if mine else noticed(asked.heard, self.chance(asked), answer)
        hour, far = _HOURS[asked.hour], _far(asked.km)
        for counts, key, count in (
            (self.counts, "all", tries),
            (self.counts, ("kind", asked.kind), tries),
            (self.counts, hour, tries * base),
            (self.counts, ("km", far), tries * base),
            (mine, "all", own),
            (mine, ("kind", asked.kind), own),
            (mine, hour, own * base),
        ):
            counts.setdefault(key, Tally()).add(yes, count, at)

    def usual(self) -> float:
        """The chance of anybody's yes to anything."""
        return self.counts.get("all", _NOTHING).rate(USUAL_YES / USUAL_TRIES, USUAL_TRIES)

    def forget(self, person: Id) -> None:
        """Drop what is known of her alone."""
        self.own.pop(person, None)

    def _base(self, mine: dict[Hashable, Tally], kind: Hashable) -> float:
        """From the usual rate to that of the kind, of the person, and of her taste for the kind."""
        usual = self.usual()
        of_kind = self.counts.get(("kind", kind), _NOTHING).rate(usual, KIND_WEIGHT)
        of_person = mine.get("all", _NOTHING).rate(usual, PERSON_WEIGHT)
        expected = min(of_person * of_kind / usual, 0.95)
        taste = mine.get(("kind", kind), _NOTHING).rate(expected, TASTE_WEIGHT)
        return min(max(taste, LEAST), MOST)

    def _shift(self, mine: dict[Hashable, Tally], asked: Asked) -> float:
        """Log odds to add for the hour, her own hours, and the way."""
        hour, far = _HOURS[asked.hour], _far(asked.km)
        return math.log(
            self.counts.get(hour, _NOTHING).rate(1.0, HOUR_WEIGHT)
            * mine.get(hour, _NOTHING).rate(1.0, OWN_HOUR_WEIGHT)
            * self.counts.get(("km", far), _NOTHING).rate(_WAYS[far], KM_WEIGHT)
        )


_HOURS = [("hour", next(name for end, name in DAYPARTS if hour < end)) for hour in range(24)]
_WAYS = [math.exp(LOGIT_PER_KM * ((near + far) / 2 - USUAL_KM)) for near, far in pairwise(KM_EDGES)]


def _far(km: float) -> int:
    return max(bisect_left(KM_EDGES, km, hi=len(_WAYS)) - 1, 0)


def noticed(heard: float, chance: float, answer: bool | None, after_silence: bool = False) -> float:
    """How far a try counts: an answer was heard; silence may mean that it was not.

    What comes after a silence that was counted adds what it left of one try.
    """
    silent = heard * (1 - chance) * SILENT_NO
    total = 1 - heard + silent
    silence = silent / total if total > 0 else 0.0
    if answer is None:
        return silence
    return 1.0 - silence if after_silence else 1.0


def rebuild(log: Iterable[tuple[Minutes, Asked, bool | None]]) -> Response:
    """Return the model of a log of (when, offer, answer) in the order of time."""
    model = Response()
    for at, asked, answer in log:
        model.learn(asked, answer, at)
    return model
