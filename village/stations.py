"""Names of the catalog that the upper floors speak in."""

from __future__ import annotations

from village.models.calls import CALL_KINDS
from village.models.org import PRIORITIES, STATIONS
from village.models.requests import CONSENTS, SOURCES, SUSPEND_REASONS

KINDS = STATIONS

__all__ = ["CALL_KINDS", "CONSENTS", "KINDS", "PRIORITIES", "SOURCES", "SUSPEND_REASONS"]
