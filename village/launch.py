"""Which forms may ask for sensitive answers here: those whose impact was assessed (PIPL 55, 56).

A category whose form has level-3 fields is closed until the assessment of that form, and who
is responsible for it, are entered; it closes again when the form asks for more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock
from village.catalog.files import read
from village.db import changed
from village.errors import Invalid
from village.models import Category, ImpactAssessment


@dataclass(frozen=True)
class Open:
    """What a form lacks to be open: the categories that wait for it, and the fields."""

    form: str
    categories: tuple[str, ...]
    fields: tuple[str, ...]
    assessment: ImpactAssessment | None

    @property
    def is_open(self) -> bool:
        """Whether the assessment covers every level-3 field that the form has now."""
        return covers(self.fields, self.assessment)


def level3_of(form: str) -> tuple[str, ...]:
    """Return the level-3 fields of a form."""
    return tuple(
        row["field"] for row in read("form_fields") if row["form"] == form and row["sens"] == "3"
    )


def forms() -> tuple[str, ...]:
    """Return the forms that have level-3 fields."""
    return tuple(dict.fromkeys(row["form"] for row in read("form_fields") if row["sens"] == "3"))


def covers(fields: Iterable[str], assessment: ImpactAssessment | None) -> bool:
    """Tell whether an assessment is in force for all of these fields."""
    return assessment is not None and set(fields) <= set(assessment.fields)


def in_force(session: Session) -> dict[str, ImpactAssessment]:
    """Return the newest assessment of each form that has not been taken back."""
    found = (
        sa.select(ImpactAssessment)
        .where(ImpactAssessment.revoked_at.is_(None))
        .order_by(ImpactAssessment.form, ImpactAssessment.entered_at)
    )
    return {row.form: row for row in session.scalars(found)}


def open_forms(session: Session) -> frozenset[str]:
    """Return the forms with level-3 fields that may be asked here."""
    known = in_force(session)
    return frozenset(form for form in forms() if covers(level3_of(form), known.get(form)))


def is_open(form: str, opened: frozenset[str]) -> bool:
    """Tell whether a category with this form is open; one without level-3 fields always is."""
    return form in opened or not level3_of(form)


def state(session: Session) -> list[Open]:
    """Return how each form with level-3 fields stands, with its categories in their order."""
    known = in_force(session)
    names: Mapping[str, list[str]] = {form: [] for form in forms()}
    for category in session.scalars(sa.select(Category).order_by(Category.sort)):
        if category.form in names:
            names[category.form].append(f"{category.code} {category.zh}")
    return [
        Open(form, tuple(found), level3_of(form), known.get(form)) for form, found in names.items()
    ]


def enter(
    session: Session, form: str, *, handler: str, contact: str, on: date, by: str, summary: str
) -> ImpactAssessment:
    """Enter the assessment of a form as it is now; the one before is kept, and no more in force.

    Raises Invalid for a form without level-3 fields, or a day that has not come.
    """
    if form not in forms():
        raise Invalid("no_such_form", f"no level-3 form {form}; there are {', '.join(forms())}")
    if on > clock.now().astimezone(clock.SHANGHAI).date():
        raise Invalid("not_yet", "an assessment that is still to come opens nothing")
    revoke(session, form)
    made = ImpactAssessment(
        form=form, fields=list(level3_of(form)), handler=handler, contact=contact,
        assessed_on=on, summary=summary, entered_by=by, entered_at=clock.now(),
    )  # fmt: skip
    session.add(made)
    return made


def revoke(session: Session, form: str) -> int:
    """Close a form again; the record stays for three years at least (56). Return how many."""
    gone = sa.update(ImpactAssessment).where(
        ImpactAssessment.form == form, ImpactAssessment.revoked_at.is_(None)
    )
    return changed(session, gone.values(revoked_at=clock.now()))
