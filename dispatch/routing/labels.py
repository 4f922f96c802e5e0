"""The answers that routing can give to a text."""

from __future__ import annotations

STATIONS = ("mutual_aid", "sanitation", "mediation", "culture", "public_works")
NONE = "none"
EMERGENCY = "emergency"
LABELS = (*STATIONS, NONE, EMERGENCY)
SAFE = "safe"
SAFE_LABELS = (SAFE, "dv", "child", "suicide")  # of the second head: any of them, then which
