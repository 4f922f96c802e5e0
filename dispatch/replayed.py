"""A replay as text: the table, the chart, and what it cannot tell."""

from __future__ import annotations

import math
from textwrap import fill

from dispatch.charts import aligned, bar
from dispatch.replay import Replayed, Side, Span

ENOUGH = 30  # answers; with fewer, an interval means little
HEAD = (
    "policy", "offers/round", "messages", "asks the same", "chance of a yes", "answers behind it",
    "p95 msg/week", "Gini", "to neighbours",
)  # fmt: skip
CANNOT = (
    "What a replay cannot tell: every look is taken as it was. What the other policy's own choices "
    "would have changed in the next ones (who rests, who has answered, when the task is looked at "
    "again) did not happen. So it says nothing about requests done in time, and its messages, "
    "each person once for a task, are what it would have wished at the looks that there were. The "
    "chance of a yes rests on offers that were really made, each weighed by how likely the other "
    "policy makes it against how likely it was: it stands on those that both make, and on the two "
    "in a hundred that go to others by chance, none of them urgent. `wuzhan dispatch simulate` "
    "plays the consequences, on invented people; on real ones, only alternating weeks tell."
)
FEW = (
    "Fewer than {enough} answers tell about {policy}: do not read its chance of a yes as more than "
    "a guess."
)


def text(found: Replayed, span: Span) -> str:
    """Return all that a replay has to say."""
    where = span.village or "all villages"
    sums = found.sums()
    size = f"{found.decisions} decisions, {sums['rounds']:.0f} rounds, {len(found.people)} people"
    lines = [
        f"{span.first} to {span.last}, {where}: {size} who might be asked",
        own(found),
        "",
        *aligned([HEAD, _made(found), _other(found)]),
        "",
        *_chart(found),
        "",
        *([fill(FEW.format(enough=ENOUGH, policy=found.policy), 100), ""] if _few(found) else []),
        fill(CANNOT, 100),
    ]
    return "\n".join(lines) + "\n"


def own(found: Replayed) -> str:
    """Return how many decisions come out as they were."""
    said = f"By their own policy {found.identical} of {found.decisions} come out as they were."
    if found.unknown:
        gone = ", ".join(f"{name} ({times})" for name, times in sorted(found.unknown.items()))
        said += f" Not there any more: {gone}."
    return said


def _few(found: Replayed) -> bool:
    return not found.behind >= ENOUGH


def _made(found: Replayed) -> list[str]:
    answers = f"{found.sums()['known']:.0f}"
    offers, yes = found.interval("made", "rounds"), found.interval("yes", "known")
    return ["as it was", _figure(offers), *_side(found.made, found, "", _share(yes), answers)]


def _other(found: Replayed) -> list[str]:
    answers = "0" if math.isnan(found.behind) else f"{found.behind:.0f}"
    offers, yes = found.interval("others", "rounds"), found.interval("weighed_yes", "weight")
    same = _share(found.interval("both", "made"))
    return [found.policy, _figure(offers), *_side(found.other, found, same, _share(yes), answers)]


def _side(side: Side, found: Replayed, same: str, yes: str, answers: str) -> list[str]:
    return [
        f"{len(side.asked)}",
        same,
        yes,
        answers,
        f"{side.busiest(len(found.people)):.1f}",
        f"{side.gini(found.people):.2f}",
        "" if math.isnan(side.lent) else f"{side.lent:.1%}",
    ]


def _figure(given: tuple[float, float, float]) -> str:
    value, low, high = given
    return f"{value:.2f} ({low:.2f}-{high:.2f})"


def _share(given: tuple[float, float, float]) -> str:
    value, low, high = given
    return "unknown" if math.isnan(value) else f"{value:.1%} ({low:.1%}-{high:.1%})"


def _chart(found: Replayed) -> list[str]:
    """The chance of a yes, and how much of what was done the other policy does too, as bars."""
    wanted = (
        ("yes, as it was", "yes", "known"),
        (f"yes, {found.policy}", "weighed_yes", "weight"),
        (f"asked by {found.policy}, too", "both", "made"),
    )
    shares = ((label, found.interval(over, under)[0]) for label, over, under in wanted)
    return [bar(label, share) for label, share in shares if not math.isnan(share)]
