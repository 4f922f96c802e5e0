"""The whole decision of production as one label, for judging it on texts with known answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dispatch.routing import danger
from dispatch.routing.classifier import Opinion, judge
from dispatch.routing.labels import EMERGENCY, NONE
from dispatch.routing.matters import whole
from dispatch.routing.router import NOT_OURS, Routing, route
from dispatch.routing.rules import Reason, score

ASKED_SHARE = 0.5  # a question is put where it may well be an emergency, not only where it is one


@dataclass(frozen=True)
class Prediction:
    """The label (None: a person decides), how sure, every label best first, and why."""

    label: str | None
    confidence: float
    ranked: list[str]
    reasons: list[Reason]

    def forced(self) -> str:
        """Return the best label even where a person would decide."""
        return self.ranked[0]


def predict(text: str) -> Prediction:
    """Return what becomes of `text` without a chosen category."""
    screen = danger.ask(text)
    opinion = judge(text, score(text), asked=screen is not None)
    if screen is not None:
        share = max(opinion.shares[EMERGENCY], ASKED_SHARE)
        why = danger.reasons(text, screen)
        return Prediction(EMERGENCY, share, _first(opinion, EMERGENCY), why)
    routing, _ = whole(text, _routed(text), _routed)
    label = NONE if routing.decision == NOT_OURS else routing.station
    ranked = _first(opinion, label or opinion.ranked(without=EMERGENCY)[0][0])
    return Prediction(label, routing.confidence, ranked, routing.reasons)


def _routed(text: str) -> Routing:
    return route(text, None, "")


def _first(opinion: Opinion, label: str) -> list[str]:
    return [label, *(other for other, _ in opinion.ranked() if other != label)]


def predict_rows(rows: Iterable[Mapping[str, Any]], *, force: bool) -> Iterator[dict[str, Any]]:
    """Yield the answer row of each `{"id", "text"}`; with `force` no label is null."""
    for row in rows:
        found = predict(row["text"])
        yield {
            "id": row["id"],
            "label": found.forced() if force else found.label,
            "confidence": round(found.confidence, 4),
            "ranked": found.ranked,
            "reasons": [
                {"kind": reason.kind, "text": reason.text, "weight": round(reason.weight, 3)}
                for reason in found.reasons
            ],
        }
