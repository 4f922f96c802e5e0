"""Which requests neighbours may know of at all: as a condition on rows, and for one row.

When in doubt, no: disputes, the safe path, whoever hid herself, and categories that tell of a
person's need are nobody's business but their own.
"""

from __future__ import annotations

import sqlalchemy as sa

from village.models import Category, Request

PRIVATE_FLAGS = (
    "nopub", "confid", "minor", "health", "statutory", "fund", "dv_screen", "recusal", "labour",
)  # fmt: skip
PRIVATE_WAITS = ("mediation", "safe_path", "unconfirmed_danger", "referral")
# Of these stations' requests the text alone, without a category, tells of no person's need.
PUBLIC_STATIONS = ("sanitation", "culture", "public_works")
OPEN_STATIONS = (*PUBLIC_STATIONS, "mutual_aid")


def is_comparable(request: Request, category: Category | None, *, at: str | None = None) -> bool:
    """Tell whether neighbours may know that there is such a request; when in doubt, no.

    `at`: if it lay at this station.
    """
    station = at or request.station
    if request.sealed or request.neutral or request.hide_me or request.emergency is not None:
        return False
    if request.waits_for in PRIVATE_WAITS or station not in OPEN_STATIONS:
        return False
    if category is None:
        return station in PUBLIC_STATIONS
    return set(PRIVATE_FLAGS).isdisjoint(category.flags)


def is_public() -> sa.ColumnElement[bool]:
    """What `is_comparable` says, of how the request stands now; `Category` is joined."""
    return sa.and_(
        sa.not_(Request.sealed),
        sa.not_(Request.neutral),
        sa.not_(Request.hide_me),
        Request.emergency.is_(None),
        sa.or_(Request.waits_for.is_(None), Request.waits_for.not_in(PRIVATE_WAITS)),
        Request.station.in_(OPEN_STATIONS),
        sa.or_(
            sa.and_(Category.code.is_(None), Request.station.in_(PUBLIC_STATIONS)),
            sa.not_(Category.flags.overlap(list(PRIVATE_FLAGS))),
        ),
    )
