"""Call-backs that are drawn, and what the person said to them

Keep the code of the last release working on this schema: it draws none.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

CALLS = "phone_calls"
KINDS = ("tell", "call_back")
OUTCOMES = ("reached", "overtaken", "claimed", "called_back")
CHECKS = {"solved": "solved in ('yes', 'partly', 'no')", "rating": "rating between 1 and 5"}


def _check(column: str, values: tuple[str, ...]) -> None:
    name = op.f(f"ck_{CALLS}_{column}")
    op.drop_constraint(name, CALLS)
    op.create_check_constraint(name, CALLS, f"{column} in {values!r}")


def upgrade() -> None:
    """Apply."""
    op.add_column(CALLS, sa.Column("solved", sa.Text(), nullable=True))
    op.add_column(CALLS, sa.Column("rating", sa.Integer(), nullable=True))
    op.add_column(CALLS, sa.Column("comment", sa.Text(), nullable=True))
    for name, check in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_{CALLS}_{name}"), CALLS, check)
    _check("kind", (*KINDS, "sample"))
    _check("outcome", (*OUTCOMES, "answered", "let_go"))


def downgrade() -> None:
    """Take back."""
    op.execute("delete from phone_calls where kind = 'sample'")
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_{CALLS}_{name}"), CALLS)
        op.drop_column(CALLS, name)
    op.drop_column(CALLS, "comment")
    _check("kind", KINDS)
    _check("outcome", OUTCOMES)
