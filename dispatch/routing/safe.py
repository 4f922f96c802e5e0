"""Which emergencies take the safe path, though no word of the lexicon says so: the second head.

It is asked only where danger is asked about. What it learnt by: `texts.safe_lines`. Where strangers
are spoken of, robbers or a creditor's men, and nobody of the house or a child, it must be surer:
whoever hides from them tells it with the words of her who hides from her husband.
"""

from __future__ import annotations

from dispatch.routing import model
from dispatch.routing.classifier import policy
from dispatch.routing.labels import SAFE, SAFE_LABELS
from dispatch.routing.parts import parting


def kind(text: str) -> str | None:
    """Return `dv`, `child` or `suicide` where `text`, an emergency, is likely one of them."""
    head, _ = model.safe_head()
    if head is None:
        return None
    points = head.scores(text)
    if points[SAFE] < policy("safe") + policy("safe_of_strangers") * _tells_of_strangers(text):
        return None
    return max(SAFE_LABELS[1:], key=lambda each: points[each])


def _tells_of_strangers(text: str) -> bool:
    """Tell whether strangers are spoken of, and nobody of the house, no child, no wish to die."""
    return bool(parting("strangers").search(text)) and not parting("house").search(text)
