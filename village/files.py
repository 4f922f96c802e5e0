"""Pictures and voices: taken in, sealed, and read by who may read the words that they go with.

They lie in the database, so that they are there or gone together with their request, in a
backup too. Nobody looks for one: it is opened by its id, with a key that a request's reader gets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, undefer
from sqlalchemy.orm.attributes import set_committed_value

from village import clock, images, keys, sounds
from village.access import Actor
from village.db import changed
from village.errors import GuardFailed, Invalid, NotFound
from village.ids import new_id
from village.models import File, Request, RequestFile
from village.models.files import ASKED, DONE, KINDS, PARTS, PICTURE, VOICE

__all__ = ["ASKED", "DONE", "KINDS", "PARTS"]

MOST_BYTES = 10 * 1024 * 1024  # of what is sent
MOST_AT_ONCE = 6  # F-BASE
MOST_OF_A_REQUEST = 24
UNUSED_FOR = timedelta(days=1)
UNUSED_AT_MOST = 12  # of one person: she may have chosen others since
ENDINGS = {
    "image/jpeg": "jpg", "audio/mpeg": "mp3", "audio/aac": "aac", "audio/webm": "webm",
}  # fmt: skip
ALL_OF_HERS = 500  # in what she takes along


@dataclass(frozen=True)
class Shown:
    """A file of a request, and the part of it (ASKED, DONE) that it belongs to."""

    file: File
    part: str


def take_in(session: Session, actor: Actor, data: bytes) -> File:
    """Keep a picture or a voice of the caller's, made anew, to be sent within a day.

    Raises Invalid as `images.made_anew` and `sounds.made_anew` do.
    """
    _make_room(session, actor)
    made, facts = _made_anew(data)
    id_ = new_id()
    file = File(
        id=id_, owner_id=actor.person_id, size=len(made), sealed=_sealed(id_, made),
        created_at=clock.now(), **facts,
    )  # fmt: skip
    session.add(file)
    return file


def _made_anew(data: bytes) -> tuple[bytes, dict[str, Any]]:
    if sounds.is_sound(data):
        sound = sounds.made_anew(data)
        facts = {"kind": VOICE, "media_type": sound.media_type, "seconds": sound.seconds}
        return sound.data, facts
    return images.made_anew(data), {"kind": PICTURE, "media_type": images.MEDIA_TYPE}


def _make_room(session: Session, actor: Actor) -> None:
    """Let go of the oldest that she has sent and used nowhere."""
    mine = sa.select(File.id).where(File.owner_id == actor.person_id, _unused())
    old = mine.order_by(File.id.desc()).offset(UNUSED_AT_MOST - 1)
    session.execute(sa.delete(File).where(File.id.in_(old)))


def attach(
    session: Session, actor: Actor, request: Request, file_ids: Sequence[UUID], part: str = ASKED
) -> None:
    """Let files that the caller has sent belong to a request.

    Raises Invalid for what is not hers or not there, and for a second voice; GuardFailed
    `too_many_files`.
    """
    wanted = set(file_ids)
    if not wanted:
        return
    session.flush()
    hers = sa.select(sa.literal(request.id), File.id, sa.literal(part)).where(
        File.id.in_(wanted), File.owner_id == actor.person_id
    )
    link = sa.insert(RequestFile).from_select(["request_id", "file_id", "part"], hers)
    if len(session.scalars(link.returning(RequestFile.file_id)).all()) != len(wanted):
        raise Invalid(errors={"files": ["有的照片或录音没有传好，请重新选一次"]})
    if _voices(session, actor, wanted) > 1:
        raise Invalid("one_voice")
    _counted(request, request.file_count + len(wanted))
    if request.file_count > MOST_OF_A_REQUEST:
        raise GuardFailed("too_many_files", f"{MOST_OF_A_REQUEST} at most")


def has_voice(session: Session, actor: Actor, file_ids: Collection[UUID]) -> bool:
    """Tell whether there is a voice of the caller's among these files."""
    return bool(file_ids) and _voices(session, actor, file_ids) > 0


def _voices(session: Session, actor: Actor, file_ids: Collection[UUID]) -> int:
    hers = File.id.in_(file_ids), File.owner_id == actor.person_id, File.kind == VOICE
    return session.scalar(sa.select(sa.func.count()).where(*hers)) or 0


def hand_down(session: Session, whole: Request, part: Request) -> None:
    """Let a part of a split request have what the whole came with."""
    if not whole.file_count:
        return
    session.flush()
    same = sa.select(sa.literal(part.id), RequestFile.file_id, RequestFile.part)
    session.execute(
        sa.insert(RequestFile).from_select(
            ["request_id", "file_id", "part"], same.where(RequestFile.request_id == whole.id)
        )
    )
    _counted(part, whole.file_count)


def let_go(session: Session, request: Request) -> None:
    """Keep nothing that came with a request of which nothing may be kept."""
    if request.file_count:
        session.flush()
        forget(session, [request.id])
        _counted(request, 0)


def _counted(request: Request, number: int) -> None:
    """Let the object know what the database has counted itself."""
    set_committed_value(request, "file_count", number)


def of_request(session: Session, request: Request) -> list[Shown]:
    """Return a request's files with the part of it that they belong to, in the order of sending."""
    if not request.file_count:
        return []
    link = RequestFile.file_id == File.id
    found = sa.select(File, RequestFile.part).join(RequestFile, link)
    rows = session.execute(found.where(RequestFile.request_id == request.id).order_by(File.id))
    return [Shown(*row) for row in rows]


def opened(session: Session, file_id: UUID) -> tuple[File, bytes]:
    """Return a file and what is in it; whoever has its key may. Raises NotFound, Unreadable."""
    file = session.get(File, file_id, options=[undefer(File.sealed)])
    if file is None:
        raise NotFound
    return file, _open(file)


def of_person(session: Session, actor: Actor) -> Iterator[tuple[str, bytes]]:
    """Yield the caller's files, the newest first, each with a name to save it by.

    What somebody sent who entered a request for her is hers, and not the sender's.
    """
    asked = (
        sa.select(Request.id)
        .join(RequestFile)
        .where(RequestFile.file_id == File.id, RequestFile.part == ASKED)
    )
    hers = asked.where(Request.requester_id == actor.person_id).exists()
    anothers = asked.where(Request.requester_id != actor.person_id).exists()
    mine = sa.or_(hers, sa.and_(File.owner_id == actor.person_id, ~anothers))
    newest = (
        sa.select(File)
        .where(mine)
        .options(undefer(File.sealed))
        .order_by(File.id.desc())
        .limit(ALL_OF_HERS)
    )
    for file in session.scalars(newest.execution_options(yield_per=10)):
        moment = file.created_at.astimezone(clock.SHANGHAI)
        ending = ENDINGS[file.media_type]
        yield f"files/{moment:%Y%m%d-%H%M%S}-{file.id.hex[-4:]}.{ending}", _open(file)


def forget(session: Session, request_ids: Sequence[UUID]) -> None:
    """Remove what belongs to these requests and to no other."""
    gone = sa.delete(RequestFile).where(RequestFile.request_id.in_(request_ids))
    files = session.scalars(gone.returning(RequestFile.file_id)).all()
    session.execute(sa.delete(File).where(File.id.in_(files), _unused()))


def forget_unused(session: Session, person_id: UUID) -> None:
    """Remove what somebody sent and used nowhere."""
    session.execute(sa.delete(File).where(File.owner_id == person_id, _unused()))


def purge(session: Session) -> int:
    """Remove what was sent and used nowhere for a day; return how many."""
    old = File.created_at < clock.now() - UNUSED_FOR
    return changed(session, sa.delete(File).where(old, _unused()))


def seal_anew(file: File) -> None:
    """Bring a file under the current key."""
    file.sealed = _sealed(file.id, _open(file))


def _unused() -> sa.ColumnElement[bool]:
    return ~sa.exists().where(RequestFile.file_id == File.id)


def _sealed(file_id: UUID, data: bytes) -> bytes:
    return keys.ring().seal(data, f"file:{file_id}")


def _open(file: File) -> bytes:
    return keys.ring().open(file.sealed, f"file:{file.id}")
