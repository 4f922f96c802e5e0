"""The county's own configuration, version by version; the highest number is in force."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from village.db import Base


class ConfigVersion(Base):
    """What a county changed of the packaged configuration: rows by file; only ever added to."""

    __tablename__ = "config_versions"
    __table_args__ = (sa.CheckConstraint("number > 0", name="number"),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    files: Mapped[dict[str, Any]] = mapped_column(doc="name of a file: its rows")
    made_by: Mapped[str] = mapped_column(doc="who applied it, in the operator's own words")
    made_at: Mapped[datetime]
    of: Mapped[int | None] = mapped_column(doc="rolled back to this version; 0: the package's own")
