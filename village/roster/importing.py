"""Import a roster: read the file, plan, and carry the plan out as a whole or not at all."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from village import clock, outbox
from village.clock import SHANGHAI
from village.db import Base, table
from village.models import (
    AvailabilityWindow,
    Certificate,
    Consent,
    Membership,
    Person,
    RoleGrant,
    Volunteer,
)
from village.roster import entries, lines, people, plan, state
from village.roster.changes import SAME, Change, Write
from village.roster.faults import RefusedError
from village.roster.lines import Found
from village.roster.sheets import Progress, read_file

LOCK = 0x526F73746572  # of advisory locks: one import at a time
BATCH = 500
# Parents before children.
ORDER: tuple[type[Base], ...] = (
    Person,
    Volunteer,
    Membership,
    Certificate,
    AvailabilityWindow,
    Consent,
    RoleGrant,
)
FREES = (Person, Volunteer, Membership, Certificate, AvailabilityWindow, RoleGrant)


@dataclass(frozen=True)
class Result:
    """What is, or would be, done; sheets that were left out, and headers of unread columns."""

    changes: list[Change]
    left_out: list[str]
    unread: list[str]

    @property
    def nothing(self) -> bool:
        """Whether all is as the file says."""
        return all(change.how == SAME for change in self.changes)


def read(path: Path, progress: Progress) -> Found:
    """Return the lines of a file. Raises UnreadableError."""
    return lines.find(read_file(path, progress))


def preview(session: Session, found: Found, progress: Progress) -> Result:
    """Return what the file would change, in a transaction in which nothing can be written.

    `session` must be new. Raises RefusedError with all that is wrong.
    """
    session.execute(sa.text("set transaction read only"))
    return _planned(session, found, progress)


def apply(session: Session, found: Found, progress: Progress) -> Result:
    """Write what the file says; return what that was. Raises RefusedError as `preview` does."""
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    result = _planned(session, found, progress)
    _write(session, [write for change in result.changes for write in change.writes], progress)
    return result


def _planned(session: Session, found: Found, progress: Progress) -> Result:
    now, places = clock.now(), state.places(session)
    today = now.astimezone(SHANGHAI).date()
    said, faults = entries.parse(progress(found.lines, "check", len(found.lines)), places, today)
    wanted, contradictions = people.gather(said)
    planned = plan.make(state.load(session, now), places, wanted)
    faults += contradictions + planned.faults
    if faults:
        order = {(line.sheet, line.row): number for number, line in enumerate(found.lines)}
        raise RefusedError(sorted(faults, key=lambda fault: order[fault.sheet, fault.row]))
    return Result(planned.changes, found.left_out, found.unread)


def _write(session: Session, writes: list[Write], progress: Progress) -> None:
    alike = defaultdict[tuple[Any, ...], list[Write]](list)
    for write in writes:
        alike[ORDER.index(write.model), tuple(write.values), tuple(write.key)].append(write)
    batches = [
        group[start : start + BATCH]
        for _, group in sorted(alike.items())
        for start in range(0, len(group), BATCH)
    ]
    for batch in progress(batches, "write", len(batches)):
        _write_batch(session, batch)
    # whoever can do more than before is thought of where people are waited for
    freed = {_person_of(write) for write in writes if write.model in FREES} - {None}
    outbox.put_rows(session, [outbox.row("dispatch.freed", person) for person in sorted(freed)])


def _write_batch(session: Session, batch: list[Write]) -> None:
    """Write rows of one table that set the same columns."""
    first = batch[0]
    target = table(first.model)
    if not first.key:
        session.execute(sa.insert(target), [write.values for write in batch])
        return
    keys = [target.c[name] == sa.bindparam(f"key_{name}") for name in first.key]
    columns: dict[str, Any] = {name: sa.bindparam(f"set_{name}") for name in first.values}
    session.execute(
        sa.update(target).where(*keys).values(columns),
        [
            {f"set_{name}": value for name, value in write.values.items()}
            | {f"key_{name}": value for name, value in write.key.items()}
            for write in batch
        ],
    )


def _person_of(write: Write) -> Any:
    # an office that ends names nobody, and makes nobody free
    return (write.values | write.key).get("id" if write.model is Person else "person_id")
