"""The notice that wakes the relay names the queue, so that it need not look at the others

Keep the code of the last release working on this schema: its relay does not read the notice.
"""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

NAMED = """
drop trigger outbox_wakes_relay on outbox;
create or replace function wake_relay() returns trigger language plpgsql as $$
begin
    perform pg_notify('wuzhan_outbox', queue) from (select distinct queue from fresh) as queues;
    return null;
end $$;
create trigger outbox_wakes_relay after insert on outbox
    referencing new table as fresh for each statement execute function wake_relay();
"""
UNNAMED = """
drop trigger outbox_wakes_relay on outbox;
create or replace function wake_relay() returns trigger language plpgsql as $$
begin
    perform pg_notify('wuzhan_outbox', '');
    return null;
end $$;
create trigger outbox_wakes_relay after insert on outbox
    for each statement execute function wake_relay();
"""


def upgrade() -> None:
    """Apply."""
    op.execute(NAMED)


def downgrade() -> None:
    """Take back."""
    op.execute(UNNAMED)
