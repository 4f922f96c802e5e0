"""What a caller can be to an object: the names that the matrix of rights is written in.

`domain/permissions.md` 4.1. PUBLIC, ANYONE (with a token) and LOOPBACK are asked at the door; the
others a use case finds out, once it knows the object.
"""

from __future__ import annotations

PUBLIC = "public"
ANYONE = "anyone"
REQUESTER = "requester"
NEIGHBOUR = "neighbour"
INVITED = "invited"
VOLUNTEER = "volunteer"
HEAD = "head"
CHAIR = "chair"
MEDIATOR = "mediator"
STAND_IN = "stand_in"  # decides in triage where no chair may (recusal)
ABOVE = "above"  # on the rung to which it was escalated, where that is not the chair
ON_DUTY = "on_duty"  # on the rota, and called for something urgent that nobody has taken
CLERK = "clerk"
CALLER = "caller"  # asked to phone a person without an account about the result
HANDLER = "handler"  # has a complaint about an officer, who is not she
GLASS = "break_glass"  # reads one request for an hour, on two people's word (4.1)
ADMIN, COUNTY = "admin", "county"  # who asks for that, and who agrees
ENTERER = "enterer"  # speaks for whom she entered it for, until that person claims it
OWNER = "owner"
SYSTEM = "system"
LOOPBACK = "loopback"

READERS = frozenset(
    {REQUESTER, ENTERER, VOLUNTEER, HEAD, CHAIR, MEDIATOR, STAND_IN, ABOVE, ON_DUTY}
)
