"""Whom to ask now: one pure function, behind which a better policy can take its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from dispatch.candidates import Candidate

VERSION = "least_recent-1"
WAVES = 3
_NEVER = datetime.min.replace(tzinfo=UTC)


class Verdict(StrEnum):
    """What a round comes to."""

    ASK = "ask"
    WAIT = "wait"
    SHORT = "short"
    GIVE_UP = "give_up"


@dataclass(frozen=True)
class Standing:
    """How a task stands.

    `out` counts offers that still run, `unanswered` those of the present wave that were neither
    accepted nor declined, run out or not.
    """

    places_open: int
    places_taken: int
    out: int
    unanswered: int
    wave: int
    wave_ends_at: datetime | None


@dataclass(frozen=True)
class Decision:
    """Whom to ask, in which wave; `wave_over`: a wave has just ended without enough people."""

    verdict: Verdict
    wave: int
    ask: tuple[UUID, ...] = ()
    wave_over: bool = False


def decide(now: datetime, standing: Standing, eligible: Sequence[Candidate]) -> Decision:
    """Return whom to ask now: those who were asked least recently, in at most three waves.

    A wave asks as many as places are open, and one more with each wave; a no is followed by
    the next person at once, silence by the next wave. With nobody left to ask and nothing out,
    or after the third wave, the task is given up, or left short where somebody has accepted.
    """
    over = standing.wave_ends_at is not None and standing.wave_ends_at <= now
    wave = standing.wave + 1 if over or standing.wave == 0 else standing.wave
    exhausted = wave > WAVES or not eligible
    if exhausted:
        return _without_more(standing, min(wave, WAVES), over)
    covered = standing.unanswered if wave == standing.wave else standing.out
    ask = _least_recent(eligible)[: max(standing.places_open + wave - covered, 0)]
    return Decision(Verdict.ASK if ask else Verdict.WAIT, wave, tuple(ask), over)


def _without_more(standing: Standing, wave: int, over: bool) -> Decision:
    if standing.out:
        return Decision(Verdict.WAIT, wave, wave_over=over)
    verdict = Verdict.SHORT if standing.places_taken else Verdict.GIVE_UP
    return Decision(verdict, wave, wave_over=True)


def _least_recent(eligible: Sequence[Candidate]) -> list[UUID]:
    asked = sorted(eligible, key=lambda person: (person.last_asked_at or _NEVER, person.person_id))
    return [person.person_id for person in asked]
