"""Requests that were entered for somebody: who speaks for her, from where it came, her slip

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SOURCES = "source in ('phone', 'door', 'paper')"
CONSENTS = "consent_how in ('oral', 'written', 'guardian', 'urgent')"


def upgrade() -> None:
    """Apply."""
    op.add_column("requests", sa.Column("proxy_id", sa.Uuid(), nullable=True))
    op.add_column("requests", sa.Column("source", sa.Text(), nullable=True))
    op.create_foreign_key(op.f("fk_requests_proxy_id"), "requests", "people", ["proxy_id"], ["id"])
    op.create_check_constraint(op.f("ck_requests_source"), "requests", SOURCES)
    op.create_index(
        "ix_requests_proxy",
        "requests",
        ["proxy_id", "id"],
        postgresql_where=sa.text("proxy_id is not null"),
    )
    _assisted()


def _assisted() -> None:
    op.create_table(
        "assisted_requests",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("consent_how", sa.Text(), nullable=False),
        sa.Column("slip_hash", sa.LargeBinary(), nullable=True),
        sa.Column("slip_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(claimed_at is null) = (claimed_by is null)",
            name=op.f("ck_assisted_requests_claimed"),
        ),
        sa.CheckConstraint(CONSENTS, name=op.f("ck_assisted_requests_consent_how")),
        sa.CheckConstraint(
            "(slip_hash is null) = (slip_expires_at is null)",
            name=op.f("ck_assisted_requests_slip"),
        ),
        sa.ForeignKeyConstraint(
            ["claimed_by"], ["people.id"], name=op.f("fk_assisted_requests_claimed_by")
        ),
        sa.ForeignKeyConstraint(
            ["entered_by"], ["people.id"], name=op.f("fk_assisted_requests_entered_by")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_assisted_requests_request_id")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_assisted_requests")),
        sa.UniqueConstraint("slip_hash", name=op.f("uq_assisted_requests_slip_hash")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("assisted_requests")
    op.drop_index("ix_requests_proxy", "requests")
    op.drop_constraint(op.f("ck_requests_source"), "requests")
    op.drop_constraint(op.f("fk_requests_proxy_id"), "requests")
    op.drop_column("requests", "source")
    op.drop_column("requests", "proxy_id")
