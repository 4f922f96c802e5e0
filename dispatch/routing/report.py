"""How routing does in this installation, from what people corrected; figures, no texts.

Cells of fewer than five are not told (metrics: small numbers), and what takes the safe path is
not counted at all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from dispatch.routing import texts
from dispatch.routing.labelled import PERSON, TRIAGE, Labelled
from dispatch.routing.labels import NONE, STATIONS
from dispatch.routing.phrases import NoRule, Proposal, propose

FEWEST = 5
SMALL_SAMPLE = 10


@dataclass(frozen=True)
class Row:
    """What routing sent to one place, or decided by one means."""

    name: str
    sent: int
    stayed: int
    moved: int


@dataclass(frozen=True)
class Confusion:
    """Requests that routing sent `source`, and people `target`; with the category they chose."""

    source: str
    target: str
    times: int
    category: str | None
    proposal: Proposal | NoRule


@dataclass(frozen=True)
class Report:
    """Figures of the requests on which routing decided."""

    requests: int
    triaged: int
    answered: int
    places: list[Row]
    means: list[Row]
    confusions: list[Confusion]
    small: int  # confusions of too few requests to be told


def report(requests: Sequence[Labelled], names: Collection[str]) -> Report:
    """Return the report on `requests`; no phrase of it holds one of `names`."""
    routed = [each for each in requests if each.by != PERSON]
    by_place = {name: [one for one in routed if one.sent_to == name] for name in (*STATIONS, NONE)}
    means: dict[str, list[Labelled]] = defaultdict(list)
    for each in routed:
        if each.sent_to != TRIAGE:
            means[each.by].append(each)
    pairs = Counter((each.sent_to, each.label) for each in routed if each.moved)
    often = [pair for pair, times in pairs.most_common() if times >= FEWEST]
    return Report(
        requests=len(routed),
        triaged=sum(each.sent_to == TRIAGE for each in routed),
        answered=sum(each.sent_to == NONE for each in routed),
        places=[_row(name, part) for name, part in by_place.items()],
        means=[_row(name, part) for name, part in sorted(means.items())],
        confusions=[_confusion(*pair, routed, names) for pair in often],
        small=len(pairs) - len(often),
    )


def _row(name: str, requests: Sequence[Labelled]) -> Row:
    stayed = sum(each.label == each.sent_to for each in requests)
    return Row(name, len(requests), stayed, sum(each.moved for each in requests))


def _confusion(
    source: str, target: str | None, routed: Sequence[Labelled], names: Collection[str]
) -> Confusion:
    wrong = [one for one in routed if (one.sent_to, one.label) == (source, target)]
    others = [one for one in routed if one.label not in (None, target)]
    chosen = Counter(one.category for one in wrong if one.category).most_common(1)
    category = next((code for code, times in chosen if times >= FEWEST), None)
    written = [line for line in texts.lines() if line.label != target]
    proposal = propose(wrong, others, names, written)
    return Confusion(source, str(target), len(wrong), category, proposal)


def lines(found: Report) -> Iterator[str]:
    """Yield the report as lines for a terminal."""
    yield f"{'requests':<24}{_count(found.requests)}"
    yield f"{'to triage':<24}{_share(found.triaged, found.requests)}"
    yield f"{'answered as not ours':<24}{_share(found.answered, found.requests)}"
    for title, rows in (("sent to", found.places), ("decided by", found.means)):
        yield ""
        yield f"{title:<24}{'requests':>9}{'moved':>8}  never moved"
        for row in rows:
            yield f"  {row.name:<22}{_count(row.sent):>9}{_count(row.moved):>8}  {_kept(row)}"
    yield ""
    yield f"{'corrected: from -> to':<36}{'times':>6}  proposed rule"
    for one in found.confusions:
        way = f"{one.source} -> {one.target}" + (f" ({one.category})" if one.category else "")
        yield f"  {way:<34}{one.times:>6}  {_rule(one)}"
    if found.small:
        yield f"  {'others, each fewer than ' + str(FEWEST):<34}"


def _rule(confusion: Confusion) -> str:
    found = confusion.proposal
    if isinstance(found, NoRule):
        return found.value
    elsewhere = "nowhere else" if not found.others else f"{_count(found.others)} elsewhere"
    return f"{found.phrase} -> {confusion.target} (in {_count(found.found)}, {elsewhere})"


def _count(number: int) -> str:
    return f"<{FEWEST}" if 0 < number < FEWEST else str(number)


def _share(part: int, whole: int) -> str:
    if not whole or 0 < part < FEWEST:
        return _count(part)
    return f"{part / whole:.3f}" + _caution(whole)


def _kept(row: Row) -> str:
    """Return the share that stayed, of those that people decided; a bound where few moved."""
    decided = row.stayed + row.moved
    if not decided or 0 < row.stayed < FEWEST:
        return "-"
    if 0 < row.moved < FEWEST:
        bound = 1 - (FEWEST - 1) / decided
        return (f">={bound:.3f}" if bound > 0 else "-") + _caution(decided)
    return f"{row.stayed / decided:.3f}" + _caution(decided)


def _caution(whole: int) -> str:
    return " (small sample)" if whole < SMALL_SAMPLE else ""
