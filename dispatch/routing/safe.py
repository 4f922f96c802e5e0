"""Which emergencies take the safe path, though no word of the lexicon says so: the second head.

It is asked only where danger is asked about. What it learnt by: `texts.safe_lines`.
"""

from __future__ import annotations

from dispatch.routing import model
from dispatch.routing.classifier import policy
from dispatch.routing.labels import SAFE, SAFE_LABELS


def kind(text: str) -> str | None:
    """Return `dv`, `child` or `suicide` where `text`, an emergency, is likely one of them."""
    head, _ = model.safe_head()
    if head is None:
        return None
    points = head.scores(text)
    if points[SAFE] < policy("safe"):
        return None
    return max(SAFE_LABELS[1:], key=lambda each: points[each])
