"""Who said 我也是 to a neighbour's request."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base


class Follow(Base):
    """A person follows a request, once; a trigger keeps `requests.followers`, the count."""

    __tablename__ = "follows"
    request_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("requests.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    at: Mapped[datetime]
    via: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("requests.id", ondelete="CASCADE"), doc="followed since this was merged"
    )
