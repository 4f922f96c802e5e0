"""What people are asked to agree to: documents with their versions, and what no means."""

from __future__ import annotations

from village.catalog.files import Row, read

PRIVACY, SENSITIVE, WECHAT_PUSH = "privacy", "sensitive", "wechat_push"


def documents() -> dict[str, Row]:
    """Return the rows of consents.csv by document."""
    return {row["document"]: row for row in read("consents")}


PRIVACY_VERSION = documents()[PRIVACY]["version"]  # of the notice in force
