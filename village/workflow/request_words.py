"""What a villager decides about her own words: whether the station learns who wrote them."""

from __future__ import annotations

from village.workflow.engine import Step


def hide_or_show(step: Step) -> None:
    """Her name is hers: hidden from the station, or shown to it, as she likes (3.3, 2.8)."""
    step.row.hide_me = step.payload["hide"]
