"""Level-3 answers and openids sealed, who read them, and by which keys

Keep the code of the last release working on this schema: add first, remove a release later.
The plain openid goes with the next release; `wuzhan keys seal` empties it in this one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.add_column("requests", sa.Column("sealed_answers", sa.LargeBinary(), nullable=True))
    op.create_index(
        "ix_requests_sealed_answers", "requests", ["id"],
        postgresql_where=sa.text("sealed_answers is not null"),
    )  # fmt: skip
    _identities()
    op.create_table(
        "access_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("reader_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_access_log_person_id")),
        sa.ForeignKeyConstraint(["reader_id"], ["people.id"], name=op.f("fk_access_log_reader_id")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_access_log_request_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_log")),
    )
    op.create_index("ix_access_log_person", "access_log", ["person_id", "id"])
    op.create_table(
        "known_keys",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_known_keys")),
    )


def _identities() -> None:
    name = "wechat_identities"
    op.add_column(
        name,
        sa.Column("id", sa.Uuid(), nullable=False, server_default=sa.text("gen_random_uuid()")),
    )
    op.add_column(name, sa.Column("openid_hash", sa.LargeBinary(), nullable=True))
    op.add_column(name, sa.Column("openid_sealed", sa.LargeBinary(), nullable=True))
    op.drop_constraint(op.f("pk_wechat_identities"), name)
    op.create_primary_key(op.f("pk_wechat_identities"), name, ["id"])
    op.alter_column(name, "openid", nullable=True)
    op.create_unique_constraint(op.f("uq_wechat_identities_openid"), name, ["openid"])
    op.create_unique_constraint(op.f("uq_wechat_identities_openid_hash"), name, ["openid_hash"])
    op.create_check_constraint(
        op.f("ck_wechat_identities_openid"), name,
        "(openid is null) = (openid_hash is not null and openid_sealed is not null)",
    )  # fmt: skip


def downgrade() -> None:
    """Take back; openids that are sealed can not be read here: their people log in anew."""
    op.drop_table("known_keys")
    op.drop_table("access_log")
    name = "wechat_identities"
    op.execute("delete from wechat_identities where openid is null")
    op.drop_constraint(op.f("ck_wechat_identities_openid"), name)
    op.drop_constraint(op.f("uq_wechat_identities_openid_hash"), name)
    op.drop_constraint(op.f("uq_wechat_identities_openid"), name)
    op.drop_constraint(op.f("pk_wechat_identities"), name)
    op.alter_column(name, "openid", nullable=False)
    op.create_primary_key(op.f("pk_wechat_identities"), name, ["openid"])
    for column in ("openid_sealed", "openid_hash", "id"):
        op.drop_column(name, column)
    op.drop_index("ix_requests_sealed_answers", "requests")
    op.drop_column("requests", "sealed_answers")
