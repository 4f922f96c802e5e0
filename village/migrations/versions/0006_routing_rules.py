"""Routing rules of a village

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXTS = postgresql.ARRAY(sa.Text())
CHECKS = {
    "target": "target in ('station', 'council', 'authority')",
    "goal": "(target = 'station') = (station is not null)"
    " and (target = 'authority') = (referral is not null)",
    "says_something": "cardinality(words) > 0 or cardinality(places) > 0 or category is not null",
    "position": "position between 1 and 999",
}
APPEND_ONLY = """
create trigger routing_rule_versions_are_append_only
    before update or delete or truncate on routing_rule_versions
    for each statement execute function refuse_change()
"""


def _key(table: str, columns: list[str], target: list[str]) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(columns, target, name=op.f(f"fk_{table}_{'_'.join(columns)}"))


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "routing_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("words", TEXTS, nullable=False),
        sa.Column("unless", TEXTS, nullable=False),
        sa.Column("places", TEXTS, nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=True),
        sa.Column("referral", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.CheckConstraint(text, op.f(f"ck_routing_rules_{n}")) for n, text in CHECKS.items()),
        _key("routing_rules", ["village_code"], ["org_units.code"]),
        _key("routing_rules", ["category"], ["categories.code"]),
        _key("routing_rules", ["changed_by"], ["people.id"]),
        _key(
            "routing_rules",
            ["village_code", "station"],
            ["stations.village_code", "stations.kind"],
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_rules")),
    )
    op.create_index("ix_routing_rules_order", "routing_rules", ["village_code", "position", "id"])
    op.create_table(
        "routing_rule_versions",
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "rule", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        _key("routing_rule_versions", ["rule_id"], ["routing_rules.id"]),
        _key("routing_rule_versions", ["changed_by"], ["people.id"]),
        sa.PrimaryKeyConstraint("rule_id", "version", name=op.f("pk_routing_rule_versions")),
    )
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    """Take back."""
    op.drop_table("routing_rule_versions")
    op.drop_table("routing_rules")
