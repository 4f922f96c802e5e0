"""Names of the catalog that the upper floors speak in."""

from __future__ import annotations

from village.models.calls import CALL_KINDS
from village.models.complaints import COMPLAINT_OFFICES, COMPLAINT_REASONS
from village.models.org import PRIORITIES, STATIONS
from village.models.requests import CONSENTS, RUNGS, SOURCES, SUSPEND_REASONS

KINDS = STATIONS

__all__ = [
    "CALL_KINDS", "COMPLAINT_OFFICES", "COMPLAINT_REASONS", "CONSENTS", "KINDS", "PRIORITIES",
    "RUNGS", "SOURCES", "SUSPEND_REASONS",
]  # fmt: skip
