"""How a villager without an account has agreed to a pair is one of the known ways

Keep the code of the last release working on this schema: add first, remove a release later.
The rows that are there are held against the new rule in 0040, with no strong lock.
"""

from __future__ import annotations

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

CONSENT = "ck_standing_pairs_consent_how"
WAYS = "consent_how in ('oral', 'written', 'guardian', 'urgent')"


def upgrade() -> None:
    """Apply."""
    op.create_check_constraint(op.f(CONSENT), "standing_pairs", WAYS, postgresql_not_valid=True)


def downgrade() -> None:
    """Take back."""
    op.drop_constraint(op.f(CONSENT), "standing_pairs", type_="check")
