"""Names of the catalog that the upper floors speak in."""

from __future__ import annotations

from village.models.org import PRIORITIES, STATIONS

KINDS = STATIONS

__all__ = ["KINDS", "PRIORITIES"]
