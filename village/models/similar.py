"""What is compared to find duplicates: apart from the request, since it is written once."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base


class SimilarText(Base):
    """The pairs of characters of a request's text and place; confidential requests have none."""

    __tablename__ = "similar_texts"
    request_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("requests.id", ondelete="CASCADE"), primary_key=True
    )
    village_code: Mapped[str] = mapped_column(sa.ForeignKey("org_units.code"), index=True)
    grams: Mapped[list[str]]
