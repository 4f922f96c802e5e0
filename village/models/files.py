"""Pictures and voices that people sent, and the requests that they belong to."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base
from village.ids import new_id
from village.models.org import one_of

KINDS = PICTURE, VOICE = ("picture", "voice")
PARTS = ASKED, DONE = ("asked", "done")


class File(Base):
    """A file as it is kept: sealed, and read with the request that it belongs to."""

    __tablename__ = "files"
    __table_args__ = (
        sa.CheckConstraint(one_of("kind", KINDS), name="kind"),
        sa.CheckConstraint("(kind = 'voice') = (seconds is not null)", name="seconds"),
        sa.Index("ix_files_owner_id", "owner_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[UUID] = mapped_column(sa.ForeignKey("people.id"), doc="who sent it")
    kind: Mapped[str]
    media_type: Mapped[str]
    seconds: Mapped[int | None] = mapped_column(sa.SmallInteger, doc="of a voice")
    size: Mapped[int] = mapped_column(doc="bytes, opened")
    sealed: Mapped[bytes] = mapped_column(deferred=True)
    created_at: Mapped[datetime]


class RequestFile(Base):
    """A file belongs to a request: to what was asked, or to what was done; parts share them."""

    __tablename__ = "request_files"
    __table_args__ = (
        sa.CheckConstraint(one_of("part", PARTS), name="part"),
        sa.Index("ix_request_files_file_id", "file_id"),
    )

    request_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("requests.id", ondelete="CASCADE"), primary_key=True
    )
    file_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("files.id", ondelete="CASCADE"), primary_key=True
    )
    part: Mapped[str]
