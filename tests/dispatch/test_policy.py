"""Whom to ask now, as a table: the policy is a pure function."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from dispatch import policy
from dispatch.policy import Decision, Standing, Verdict
from tests.dispatch.test_candidates import PLAIN
from tests.village.town import WEDNESDAY as NOW

HOUR = timedelta(hours=1)
PEOPLE = [replace(PLAIN, person_id=UUID(int=n)) for n in range(1, 21)]
NEW = Standing(places_open=1, places_taken=0, out=0, unanswered=0, wave=0, wave_ends_at=None)


def running(**facts: object) -> Standing:
    """A wave whose time has not run out."""
    return replace(NEW, **{"wave": 1, "wave_ends_at": NOW + HOUR, **facts})  # type: ignore[arg-type]


def ended(**facts: object) -> Standing:
    """A wave whose time has just run out."""
    return replace(NEW, **{"wave": 1, "wave_ends_at": NOW, **facts})  # type: ignore[arg-type]


ASK, WAIT, SHORT, GIVE_UP = Verdict.ASK, Verdict.WAIT, Verdict.SHORT, Verdict.GIVE_UP

# how it stands, how many may be asked, verdict, wave, how many are asked, has a wave ended
TABLE = {
    "the first wave asks one more than is needed": (NEW, 20, ASK, 1, 2, False),
    "for two places three": (replace(NEW, places_open=2), 20, ASK, 1, 3, False),
    "as many as there are": (NEW, 1, ASK, 1, 1, False),
    "nobody to ask at all": (NEW, 0, GIVE_UP, 1, 0, True),
    "while answers are out it waits": (running(out=2, unanswered=2), 18, WAIT, 1, 0, False),
    "a no is followed by the next": (running(out=1, unanswered=1), 18, ASK, 1, 1, False),
    "two noes by two": (running(), 18, ASK, 1, 2, False),
    "a no and nobody left, one still out": (running(out=1, unanswered=1), 0, WAIT, 1, 0, False),
    "the last no and nobody left": (running(), 0, GIVE_UP, 1, 0, True),
    "silence is followed by a wider wave": (ended(unanswered=2), 18, ASK, 2, 3, True),
    "and a wider one": (ended(wave=2, unanswered=3), 15, ASK, 3, 4, True),
    "after the third nobody": (ended(wave=3, unanswered=4), 11, GIVE_UP, 3, 0, True),
    "no fourth wave while one is out": (ended(wave=3, out=1, unanswered=4), 11, WAIT, 3, 0, True),
    "those still out count in the next wave": (ended(out=1, unanswered=2), 18, ASK, 2, 2, True),
    "one yes of two, the wave runs": (
        running(places_taken=1, out=2, unanswered=2), 17, WAIT, 1, 0, False,
    ),
    "one yes of two, the wave ended": (
        ended(places_taken=1, unanswered=2), 17, ASK, 2, 3, True,
    ),
    "one yes of two, nobody left": (ended(places_taken=1), 0, SHORT, 2, 0, True),
    "one yes of two, after the third": (ended(places_taken=1, wave=3), 9, SHORT, 3, 0, True),
    "a place released begins anew": (replace(NEW, places_taken=1), 15, ASK, 1, 2, False),
    "a place released, nobody left": (replace(NEW, places_taken=1), 0, SHORT, 1, 0, True),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_it_asks_whom_the_table_says(case: str) -> None:
    standing, people, verdict, wave, asked, over = TABLE[case]
    decision = policy.decide(NOW, standing, PEOPLE[:people])
    expected = Decision(verdict, wave, tuple(p.person_id for p in PEOPLE[:asked]), over)
    assert decision == expected


def test_who_was_asked_least_recently_comes_first_and_who_never_was_before_all() -> None:
    recent, old, never = PEOPLE[:3]
    crowd = [
        replace(recent, last_asked_at=NOW - HOUR),
        replace(old, last_asked_at=NOW - 9 * HOUR),
        never,
    ]
    standing = replace(NEW, places_open=2)
    asked = [never.person_id, old.person_id, recent.person_id]
    assert list(policy.decide(NOW, standing, crowd).ask) == asked


def test_nobody_is_asked_twice_and_nobody_who_may_not_be() -> None:
    asked = policy.decide(NOW, replace(NEW, places_open=9), PEOPLE[:4]).ask
    assert len(asked) == len(set(asked)) == 4
