"""Papers on a volunteer's hours, `domain/workflows.md` 3.8: free, and by the committee alone.

Who may issue (办法 26), what it says (15), that it is free and true (14, 17, 条例 19).
"""

from __future__ import annotations

from village.models.hour_certificates import CERTIFICATE_STATES
from village.relations import CLERK, OWNER
from village.workflow.engine import START, Transition
from village.workflow.small import SmallMachine

T = Transition
OPEN = ("requested", "checked")
TABLE: tuple[Transition, ...] = (
    T("request", (START,), "requested", (OWNER,), "3.8"),
    T("check", ("requested",), "checked", (CLERK,), "3.8"),
    T("issue", ("checked",), "issued", (CLERK,), "3.8"),
    T("refuse", OPEN, "refused", (CLERK,), "3.8"),
    T("revoke", ("issued",), "revoked", (CLERK,), "3.8"),
)
CERTIFICATE = SmallMachine(
    "hour_certificate", CERTIFICATE_STATES, TABLE,
    dict.fromkeys(("check", "issue", "refuse", "revoke"), "hour_certificate.issue"),
    over="certificate_over",
)  # fmt: skip
