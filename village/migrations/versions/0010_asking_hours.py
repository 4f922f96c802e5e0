"""When a village asks, and one function for who is too close

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

HOURS = "ck_dispatch_settings_asking_hours"

# The trigger of 0002 stays as it is: it asks the same before a row is written.
TOO_CLOSE = """
create function is_too_close(request uuid, person uuid) returns boolean language sql stable as $$
    select person = r.requester_id
        or exists (select 1 from request_exclusions e
                   where e.request_id = r.id and e.person_id = person)
        or exists (select 1 from conflict_declarations c
                   where (c.person_id = person and c.other_id = r.requester_id)
                      or (c.person_id = r.requester_id and c.other_id = person))
        or exists (select 1 from people a join people b
                       on a.village_code = b.village_code and a.household = b.household
                   where a.id = person and b.id = r.requester_id)
    from requests r where r.id = request
$$
"""


def upgrade() -> None:
    """Apply."""
    op.add_column("dispatch_settings", sa.Column("asks_from", sa.Integer(), nullable=True))
    op.add_column("dispatch_settings", sa.Column("asks_to", sa.Integer(), nullable=True))
    op.create_check_constraint(
        op.f(HOURS),
        "dispatch_settings",
        "0 <= asks_from and asks_from < asks_to and asks_to <= 1440",
    )
    op.execute(TOO_CLOSE)


def downgrade() -> None:
    """Take back."""
    op.execute("drop function is_too_close")
    op.drop_constraint(op.f(HOURS), "dispatch_settings", type_="check")
    op.drop_column("dispatch_settings", "asks_to")
    op.drop_column("dispatch_settings", "asks_from")
