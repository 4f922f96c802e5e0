"""Names of the catalog that the upper floors speak in."""

from __future__ import annotations

from village.models.calls import CALL_KINDS
from village.models.complaints import COMPLAINT_OFFICES, COMPLAINT_REASONS
from village.models.hour_certificates import CERTIFICATE_STATES
from village.models.org import PRIORITIES, STATIONS
from village.models.papers import PAPER_KINDS
from village.models.people import VOLUNTEER_STATES
from village.models.records import RECORD_STATES, RECORD_STEPS
from village.models.reports import AUTHORITIES, REPORT_KINDS, REPORT_STATES
from village.models.requests import CONSENTS, RUNGS, SOURCES, SUSPEND_REASONS

KINDS = STATIONS

__all__ = [
    "AUTHORITIES",
    "CALL_KINDS",
    "CERTIFICATE_STATES",
    "COMPLAINT_OFFICES",
    "COMPLAINT_REASONS",
    "CONSENTS",
    "KINDS",
    "PAPER_KINDS",
    "PRIORITIES",
    "RECORD_STATES",
    "RECORD_STEPS",
    "REPORT_KINDS",
    "REPORT_STATES",
    "RUNGS",
    "SOURCES",
    "SUSPEND_REASONS",
    "VOLUNTEER_STATES",
]  # fmt: skip
