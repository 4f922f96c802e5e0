"""Similar requests

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import re
import unicodedata

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# What may be compared, as `village/similar.py` says it at the time of this migration.
OLD = """
select r.id, r.village_code, r.text, coalesce(r.place->>'name', '') as place
from requests r left join categories c on c.code = r.category
where not r.sealed and not r.neutral and not r.hide_me and r.emergency is null
  and (r.waits_for is null
       or r.waits_for not in ('mediation', 'safe_path', 'unconfirmed_danger', 'referral'))
  and r.station in ('sanitation', 'culture', 'public_works', 'mutual_aid')
  and (c.code is not null or r.station <> 'mutual_aid')
  and (c.code is null or not c.flags && array['nopub', 'confid', 'minor', 'health', 'statutory',
       'fund', 'dv_screen', 'recusal', 'labour'])
  and coalesce(r.ended_at, now()) > now() - interval '30 days'
"""


def upgrade() -> None:
    op.create_table(
        "similar_texts",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("grams", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"],
            name=op.f("fk_similar_texts_request_id"), ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["village_code"], ["org_units.code"], name=op.f("fk_similar_texts_village_code")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_similar_texts")),
    )  # fmt: skip
    op.create_index(op.f("ix_similar_texts_village_code"), "similar_texts", ["village_code"])
    _backfill()


def _backfill() -> None:
    link = op.get_bind()
    insert = sa.text("insert into similar_texts values (:id, :village_code, :grams)")
    for row in link.execute(sa.text(OLD)).all():
        if grams := _grams(row.text, row.place):
            link.execute(insert, {"id": row.id, "village_code": row.village_code, "grams": grams})


def _grams(*texts: str) -> list[str]:
    found: dict[str, None] = {}
    for text in texts:
        for run in re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).lower()):
            found |= dict.fromkeys(run[at : at + 2] for at in range(len(run) - 1))
    return list(found)[:200]


def downgrade() -> None:
    op.drop_index(op.f("ix_similar_texts_village_code"), table_name="similar_texts")
    op.drop_table("similar_texts")
