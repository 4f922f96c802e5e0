"""What must be reported by law: raised by who sees it, told to an authority by the clerk."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from service.door import Call, Door
from service.schemas.reports import (
    DismissSchema,
    RaisedSchema,
    ReceiptSchema,
    ReportedSchema,
    ReportInSchema,
    ReportListSchema,
    ReportSchema,
)
from village import duty_reports
from village.duty_reports import ReportView

door = Door("duty_reports", __name__, url_prefix="/duty-reports", description="依法报告")


@door.open(
    "POST", "", permission="duty_report.raise", body=ReportInSchema, returns=RaisedSchema,
    status=201, limit="submit",
)  # fmt: skip
def raise_alarm(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """Say that a child, violence at home or a danger must be reported; call 110 first."""
    seen = duty_reports.raise_alarm(call.session, call.actor, sent)
    body: dict[str, Any] = RaisedSchema().dump(seen)
    return body


@door.open("GET", "", permission="duty_report.list", returns=ReportListSchema)
def list_reports(call: Call) -> dict[str, Any]:
    """What lies with the caller's offices, without words."""
    found = duty_reports.list_mine(call.session, call.actor)
    body: dict[str, Any] = ReportListSchema().dump({"items": found})
    return body


@door.open("GET", "/<uuid:report_id>", permission="duty_report.read", returns=ReportSchema)
def read_report(call: Call, report_id: UUID) -> dict[str, Any]:
    """One report; the person whose request it is sees who read it."""
    return _dump(duty_reports.read(call.session, call.actor, report_id))


@door.open(
    "POST", "/<uuid:report_id>/report", permission="duty_report.report", body=ReportedSchema,
    returns=ReportSchema,
)  # fmt: skip
def report(call: Call, sent: dict[str, str], report_id: UUID) -> dict[str, Any]:
    """Enter which authority was told."""
    return _dump(duty_reports.report_it(call.session, call.actor, report_id, sent))


@door.open(
    "POST", "/<uuid:report_id>/receipt", permission="duty_report.report", body=ReceiptSchema,
    returns=ReportSchema,
)  # fmt: skip
def receipt(call: Call, sent: dict[str, str], report_id: UUID) -> dict[str, Any]:
    """Enter what the authority answered."""
    return _dump(duty_reports.receipt(call.session, call.actor, report_id, sent["text"]))


@door.open(
    "POST", "/<uuid:report_id>/dismiss", permission="duty_report.report", body=DismissSchema,
    returns=ReportSchema,
)  # fmt: skip
def dismiss(call: Call, sent: dict[str, str], report_id: UUID) -> dict[str, Any]:
    """Say why nothing need be reported; the chair must agree."""
    return _dump(duty_reports.dismiss(call.session, call.actor, report_id, sent["reason"]))


@door.open(
    "POST", "/<uuid:report_id>/confirm_dismissal", permission="duty_report.confirm",
    returns=ReportSchema,
)  # fmt: skip
def confirm_dismissal(call: Call, report_id: UUID) -> dict[str, Any]:
    """Agree, as the second person, that nothing need be reported."""
    return _dump(duty_reports.confirm_dismissal(call.session, call.actor, report_id))


def _dump(seen: ReportView) -> dict[str, Any]:
    body: dict[str, Any] = ReportSchema().dump(seen)
    return body
