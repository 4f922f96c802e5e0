"""Routing rules that a head proposes, and what became of it

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

PROPOSAL = "proposal in ('open', 'accepted', 'refused')"


def upgrade() -> None:
    """Add what is proposed to the rules, which are few."""
    op.add_column("routing_rules", sa.Column("proposal", sa.Text()))
    op.add_column("routing_rules", sa.Column("proposed_by", sa.Uuid()))
    op.add_column("routing_rules", sa.Column("proposed_at", sa.DateTime(timezone=True)))
    op.add_column("routing_rules", sa.Column("reason", sa.Text()))
    op.add_column("routing_rules", sa.Column("answer", sa.Text()))
    key = op.f("fk_routing_rules_proposed_by_people")
    op.create_foreign_key(key, "routing_rules", "people", ["proposed_by"], ["id"])
    op.create_check_constraint(op.f("ck_routing_rules_proposal"), "routing_rules", PROPOSAL)


def downgrade() -> None:
    """Drop them; what was only proposed goes, since it would read as ended."""
    op.execute("alter table routing_rule_versions disable trigger user")
    op.execute(
        "delete from routing_rule_versions v using routing_rules r"
        " where r.id = v.rule_id and r.proposal in ('open', 'refused')"
    )
    op.execute("delete from routing_rules where proposal in ('open', 'refused')")
    op.execute("alter table routing_rule_versions enable trigger user")
    op.drop_constraint(op.f("ck_routing_rules_proposal"), "routing_rules")
    for name in ("answer", "reason", "proposed_at", "proposed_by", "proposal"):
        op.drop_column("routing_rules", name)
