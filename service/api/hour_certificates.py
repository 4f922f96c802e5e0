"""Papers on a volunteer's hours: asked for, issued by the committee, verified by number."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from service import certificates
from service.door import Call, Door
from service.schemas.base import Empty, dump_page, window_of
from service.schemas.hour_certificates import (
    CertificateItemSchema,
    CertificatePageSchema,
    CertificateQuery,
    CertificateReasonSchema,
    CertificateSchema,
    VerifiedSchema,
    VerifySchema,
)
from village import hour_certificates
from village.hour_certificates import View

ALL = "/hour-certificates"
ONE = f"{ALL}/<uuid:certificate_id>"
ISSUE = "hour_certificate.issue"
LISTS = {"mine": hour_certificates.list_mine, "handled": hour_certificates.list_handled}

door = Door("hour_certificates", __name__, description="志愿服务记录证明")


@door.open(
    "POST", ALL, permission="hour_certificate.request", body=Empty, returns=CertificateSchema,
    status=201, name="request_certificate",
)  # fmt: skip
def request_certificate(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """Ask for a paper on one's own final hours; it is free."""
    return _dump(hour_certificates.request(call.session, call.actor))


@door.open(
    "GET", ALL, permission="hour_certificate.list", query=CertificateQuery,
    returns=CertificatePageSchema,
)  # fmt: skip
def list_certificates(call: Call, query: dict[str, Any]) -> dict[str, Any]:
    """One's own, or what one's committee was asked for."""
    page = LISTS[query["scope"]](call.session, call.actor, window_of(query))
    return dump_page(page, (CertificateItemSchema().dump(view) for view in page.items))


@door.open("GET", ONE, permission="hour_certificate.read", returns=CertificateSchema)
def read_certificate(call: Call, certificate_id: UUID) -> dict[str, Any]:
    """One paper, and its page."""
    return _dump(hour_certificates.read(call.session, call.actor, certificate_id))


@door.open("POST", f"{ONE}/check", permission=ISSUE, returns=CertificateSchema)
def check_certificate(call: Call, certificate_id: UUID) -> dict[str, Any]:
    """Count the final hours that it is about."""
    return _dump(hour_certificates.check(call.session, call.actor, certificate_id))


@door.open("POST", f"{ONE}/issue", permission=ISSUE, returns=CertificateSchema)
def issue_certificate(call: Call, certificate_id: UUID) -> dict[str, Any]:
    """Issue it, with number and code."""
    return _dump(hour_certificates.issue(call.session, call.actor, certificate_id))


@door.open(
    "POST", f"{ONE}/refuse", permission=ISSUE, body=CertificateReasonSchema,
    returns=CertificateSchema,
)  # fmt: skip
def refuse_certificate(call: Call, sent: dict[str, Any], certificate_id: UUID) -> dict[str, Any]:
    """Refuse it, with a reason that she reads."""
    return _dump(hour_certificates.refuse(call.session, call.actor, certificate_id, **sent))


@door.open(
    "POST", f"{ONE}/revoke", permission=ISSUE, body=CertificateReasonSchema,
    returns=CertificateSchema,
)  # fmt: skip
def revoke_certificate(call: Call, sent: dict[str, Any], certificate_id: UUID) -> dict[str, Any]:
    """Revoke what was proven false."""
    return _dump(hour_certificates.revoke(call.session, call.actor, certificate_id, **sent))


@door.open(
    "POST", f"{ALL}/verify", permission="hour_certificate.verify", body=VerifySchema,
    returns=VerifiedSchema, stored=False, limit="verify",
)  # fmt: skip
def verify_certificate(call: Call, sent: dict[str, Any]) -> dict[str, Any]:
    """What a paper says, to who holds it; a wrong number and a wrong code are answered alike."""
    found = hour_certificates.verify(call.session, sent["number"], sent["code"])
    body: dict[str, Any] = VerifiedSchema().dump(found)
    return body


def _dump(view: View) -> dict[str, Any]:
    facts = {
        **{name: getattr(view, name) for name in ("paper", "unit", "holder", "minutes")},
        "allowed_actions": view.allowed_actions,
        "page": certificates.page(view),
    }
    body: dict[str, Any] = CertificateSchema().dump(facts)
    return body
