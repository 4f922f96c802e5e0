"""Phrases that tell two kinds of requests apart: what a village's rule could say.

No phrase is found that fewer than `FEWEST_PEOPLE` wrote, or that holds anybody's name. The packaged
texts speak against phrases that people use of anything.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from dispatch.routing.features import segments
from dispatch.routing.labelled import Labelled
from dispatch.routing.texts import Line
from village.catalog.files import read

FEWEST_PEOPLE = 3  # each with a request of her own
SHORTEST, LONGEST = 2, 6
SURE = 0.8  # share of the requests with the phrase that belong to the station


@dataclass(frozen=True)
class Proposal:
    """A rule for a phrase: how many requests of the confusion have it, and how many others."""

    phrase: str
    found: int
    others: int


class NoRule(Enum):
    """Why no phrase is proposed; the value says it in words."""

    TOO_FEW = f"none: no phrase that {FEWEST_PEOPLE} people wrote, names and common words left out"
    ELSEWHERE = "none: what these people wrote is written elsewhere as often"


def propose(
    wrong: Sequence[Labelled],
    others: Sequence[Labelled],
    names: Collection[str],
    written: Sequence[Line] = (),
) -> Proposal | NoRule:
    """Return the phrase of the `wrong` requests that is rarest in the `others`, or why not.

    `written`: texts of the package that belong elsewhere. Requests whose words must not be looked
    at are passed over.
    """
    writers = _writers(wrong)
    fit = {phrase for phrase, written in writers.items() if _is_fit(phrase, written, names)}
    if not fit:
        return NoRule.TOO_FEW
    elsewhere = Counter(
        phrase for each in others if each.words for phrase in fit.intersection(_phrases(each))
    )
    proposals = [Proposal(phrase, len(writers[phrase]), elsewhere[phrase]) for phrase in fit]
    sure = [each for each in proposals if _is_sure(each, written)]
    return max(sure, key=_worth, default=NoRule.ELSEWHERE)


def _is_sure(proposal: Proposal, written: Sequence[Line]) -> bool:
    against = proposal.others + sum(proposal.phrase in line.text for line in written)
    return proposal.found >= SURE * (proposal.found + against)


def _worth(proposal: Proposal) -> tuple[float, int, str]:
    return (proposal.found - 4 * proposal.others, len(proposal.phrase), proposal.phrase)


def _writers(requests: Sequence[Labelled]) -> Mapping[str, list[UUID]]:
    """Return who wrote each phrase, once for every request."""
    found: dict[str, list[UUID]] = defaultdict(list)
    for request in requests:
        for phrase in set(_phrases(request)) if request.words else ():
            found[phrase].append(request.person)
    return found


def _phrases(request: Labelled) -> Iterator[str]:
    for part in segments(request.text):
        for length in range(SHORTEST, LONGEST + 1):
            for start in range(len(part) - length + 1):
                yield part[start : start + length]


def _is_fit(phrase: str, written: Sequence[UUID], names: Collection[str]) -> bool:
    if len(set(written)) < FEWEST_PEOPLE:
        return False
    if "0" in phrase or any(row["word"] == phrase for row in read("rule_common_words")):
        return False
    return not any(name in phrase or phrase in name for name in names)
