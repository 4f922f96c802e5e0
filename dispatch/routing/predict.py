"""The whole decision of production as one label, for judging it on texts with known answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dispatch.routing import emergency
from dispatch.routing.labels import EMERGENCY, LABELS, NONE
from dispatch.routing.router import route
from dispatch.routing.rules import Reason, score


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
    screen = emergency.screen(text)
    routing = route(text, None, "")
    shares = dict(score(text).ranked())
    order = sorted(LABELS, key=lambda label: (-shares.get(label, 0.0), LABELS.index(label)))
    if not shares:
        order.insert(0, order.pop(order.index(NONE)))
    if screen is None:
        return Prediction(routing.station, routing.confidence, order, routing.reasons)
    reasons = [Reason("emergency", term, 1.0) for term in screen.matched]
    ranked = [EMERGENCY, *(label for label in order if label != EMERGENCY)]
    return Prediction(EMERGENCY, 1.0, ranked, reasons)


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
