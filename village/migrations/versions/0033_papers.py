"""Papers of volunteers: insurance, training, certificates

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
CHECKS = {
    "kind": "kind in ('insurance', 'training', 'certificate')",
    "station": ("station in ('mutual_aid', 'sanitation', 'mediation', 'culture', 'public_works')"),
    "skill": "(kind = 'certificate') = (skill is not null)",
    "ends": "kind <> 'insurance' or valid_until is not null",
    "order": "valid_from <= valid_until",
    "two_people": "confirmed_by <> entered_by",
    "confirmed": "(confirmed_by is null) = (confirmed_at is null)",
}
PEOPLE = ("entered_by", "confirmed_by", "revoked_by")
ENDING = "confirmed_at is not null and revoked_at is null and reminded_at is null"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "papers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("skill", sa.Text(), nullable=True),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("by_chair", sa.Boolean(), nullable=False),
        sa.Column("entered_at", MOMENT, nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("revoked_by", sa.Uuid(), nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("reminded_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_papers")),
        _key("person_id", "volunteers.person_id"),
        _key("village_code", "org_units.code"),
        *(_key(column, "people.id") for column in PEOPLE),
        *(
            sa.CheckConstraint(check, name=op.f(f"ck_papers_{name}"))
            for name, check in CHECKS.items()
        ),
    )
    op.create_index("ix_papers_person", "papers", ["person_id", "id"])
    op.create_index("ix_papers_ending", "papers", ["valid_until"], postgresql_where=sa.text(ENDING))


def _key(column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_papers_{column}"))


def downgrade() -> None:
    """Take back."""
    op.drop_table("papers")
