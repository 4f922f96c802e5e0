"""Dispatch

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


DUE_KINDS = ("emergency_answer", "triage", "first_response", "resolve", "requester_answer",
             "auto_close", "offer_round")  # fmt: skip
OFFER_STATES = ("offered", "accepted", "declined", "expired", "withdrawn", "checked_in",
                "completed", "released")  # fmt: skip

# Whatever the code above says: who is too close is neither invited nor given a place.
TOO_CLOSE = """
create function refuse_too_close() returns trigger language plpgsql as $$
declare
    asked uuid;
    requester uuid;
begin
    if new.person_id is null then
        return new;
    end if;
    select r.id, r.requester_id into asked, requester
        from requests r join tasks t on t.request_id = r.id where t.id = new.task_id;
    if new.person_id = requester
        or exists (select 1 from request_exclusions e
                   where e.request_id = asked and e.person_id = new.person_id)
        or exists (select 1 from conflict_declarations c
                   where (c.person_id = new.person_id and c.other_id = requester)
                      or (c.person_id = requester and c.other_id = new.person_id))
        or exists (select 1 from people a join people b
                       on a.village_code = b.village_code and a.household = b.household
                   where a.id = new.person_id and b.id = requester)
    then
        raise exception 'too close to the requester, or excluded: %', tg_table_name
            using errcode = 'check_violation', constraint = 'too_close';
    end if;
    return new;
end $$;
create trigger offers_refuse_too_close before insert on offers
    for each row execute function refuse_too_close();
create trigger places_refuse_too_close before insert or update of person_id on places
    for each row execute function refuse_too_close();
"""

CHECKS = (
    ("org_units", "place", "lat between -90 and 90 and lng between -180 and 180"),
    ("volunteers", "ask_less", "ask_less between 1 and 10"),
    ("volunteers", "next_village_km", "next_village_km between 0 and 50"),
    ("tasks", "circle", "widest between 0 and 2 and circle between 0 and 2"),
    ("offers", "source", "source in ('policy', 'chance', 'hand', 'pair')"),
    ("offers", "circle", "circle between 0 and 2"),
)


def _one_of(table: str, column: str, values: tuple[str, ...]) -> None:
    """Replace the check that `column` is one of `values`."""
    name = op.f(f"ck_{table}_{column}")
    op.execute(f"alter table {table} drop constraint {name}")
    op.create_check_constraint(name, table, f"{column} in {values!r}")


def upgrade() -> None:
    """Apply."""
    op.execute("create extension if not exists btree_gist")
    _one_of("due_times", "kind", (*DUE_KINDS, "no_show"))
    _one_of("offers", "status", (*OFFER_STATES, "no_show"))
    op.create_table(
        "dispatch_settings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=True),
        sa.Column("policy", sa.Text(), nullable=True),
        sa.Column("widest", sa.SmallInteger(), nullable=True),
        sa.Column("hold", sa.Boolean(), nullable=True),
        sa.Column("day_cap", sa.SmallInteger(), nullable=True),
        sa.Column("week_cap", sa.SmallInteger(), nullable=True),
        sa.Column("set_by", sa.Uuid(), nullable=True),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "station in ('mutual_aid', 'sanitation', 'mediation', 'culture', 'public_works')",
            name=op.f("ck_dispatch_settings_station"),
        ),
        sa.CheckConstraint(
            "day_cap between 0 and 4 and week_cap between 0 and 14",
            name=op.f("ck_dispatch_settings_caps"),
        ),
        sa.CheckConstraint("widest between 0 and 2", name=op.f("ck_dispatch_settings_widest")),
        sa.ForeignKeyConstraint(
            ["set_by"], ["people.id"], name=op.f("fk_dispatch_settings_set_by")
        ),
        sa.ForeignKeyConstraint(
            ["village_code", "station"],
            ["stations.village_code", "stations.kind"],
            name=op.f("fk_dispatch_settings_village_code_station"),
        ),
        sa.ForeignKeyConstraint(
            ["village_code"], ["org_units.code"], name=op.f("fk_dispatch_settings_village_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_settings")),
        sa.UniqueConstraint(
            "village_code",
            "station",
            name=op.f("uq_dispatch_settings_village_code_station"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "village_agreements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("village_a", sa.Text(), nullable=False),
        sa.Column("village_b", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=True),
        sa.Column("km", sa.Double(), nullable=True),
        sa.Column("agreed_a_by", sa.Uuid(), nullable=True),
        sa.Column("agreed_a_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agreed_b_by", sa.Uuid(), nullable=True),
        sa.Column("agreed_b_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "station in ('mutual_aid', 'sanitation', 'mediation', 'culture', 'public_works')",
            name=op.f("ck_village_agreements_station"),
        ),
        sa.CheckConstraint("km >= 0", name=op.f("ck_village_agreements_km")),
        sa.CheckConstraint(
            "since is null or (agreed_a_by is not null and agreed_b_by is not null)",
            name=op.f("ck_village_agreements_both"),
        ),
        sa.CheckConstraint("village_a < village_b", name=op.f("ck_village_agreements_order")),
        sa.ForeignKeyConstraint(
            ["agreed_a_by"], ["people.id"], name=op.f("fk_village_agreements_agreed_a_by")
        ),
        sa.ForeignKeyConstraint(
            ["agreed_b_by"], ["people.id"], name=op.f("fk_village_agreements_agreed_b_by")
        ),
        sa.ForeignKeyConstraint(
            ["ended_by"], ["people.id"], name=op.f("fk_village_agreements_ended_by")
        ),
        sa.ForeignKeyConstraint(
            ["village_a"], ["org_units.code"], name=op.f("fk_village_agreements_village_a")
        ),
        sa.ForeignKeyConstraint(
            ["village_b"], ["org_units.code"], name=op.f("fk_village_agreements_village_b")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_village_agreements")),
    )
    op.create_index("ix_village_agreements_b", "village_agreements", ["village_b"], unique=False)
    op.create_index(
        "uq_village_agreements_open",
        "village_agreements",
        ["village_a", "village_b", "station"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("until is null"),
    )
    op.create_table(
        "certificates",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("skill", sa.Text(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("checked_by", sa.Uuid(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["checked_by"], ["people.id"], name=op.f("fk_certificates_checked_by")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["volunteers.person_id"], name=op.f("fk_certificates_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", "skill", name=op.f("pk_certificates")),
    )
    op.create_table(
        "request_exclusions",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind in ('party', 'household', 'kin', 'contractor', 'word', 'before')",
            name=op.f("ck_request_exclusions_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["added_by"], ["people.id"], name=op.f("fk_request_exclusions_added_by")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_request_exclusions_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_request_exclusions_request_id")
        ),
        sa.PrimaryKeyConstraint("request_id", "person_id", name=op.f("pk_request_exclusions")),
    )
    op.create_index(
        op.f("ix_request_exclusions_person_id"), "request_exclusions", ["person_id"], unique=False
    )
    op.create_table(
        "response_stats",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("village_code", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("yes", sa.Double(), nullable=False),
        sa.Column("tries", sa.Double(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(person_id is null) = (village_code is not null)", name=op.f("ck_response_stats_owner")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["volunteers.person_id"], name=op.f("fk_response_stats_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["village_code"], ["org_units.code"], name=op.f("fk_response_stats_village_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response_stats")),
        sa.UniqueConstraint(
            "person_id",
            "village_code",
            "key",
            name=op.f("uq_response_stats_person_id_village_code_key"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_response_stats_village", "response_stats", ["village_code"], unique=False)
    op.create_table(
        "standing_pairs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("villager_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=True),
        sa.Column("from_minute", sa.Integer(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("every_weeks", sa.SmallInteger(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("proposed_by", sa.Uuid(), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("volunteer_agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("villager_agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status in ('proposed', 'active', 'paused', 'ended')",
            name=op.f("ck_standing_pairs_status"),
        ),
        sa.CheckConstraint("minutes between 1 and 1440", name=op.f("ck_standing_pairs_minutes")),
        sa.CheckConstraint("person_id <> villager_id", name=op.f("ck_standing_pairs_two")),
        sa.CheckConstraint(
            "weekday between 0 and 6 and every_weeks between 1 and 52",
            name=op.f("ck_standing_pairs_when"),
        ),
        sa.ForeignKeyConstraint(
            ["category"], ["categories.code"], name=op.f("fk_standing_pairs_category")
        ),
        sa.ForeignKeyConstraint(
            ["ended_by"], ["people.id"], name=op.f("fk_standing_pairs_ended_by")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["volunteers.person_id"], name=op.f("fk_standing_pairs_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["people.id"], name=op.f("fk_standing_pairs_proposed_by")
        ),
        sa.ForeignKeyConstraint(
            ["village_code", "station"],
            ["stations.village_code", "stations.kind"],
            name=op.f("fk_standing_pairs_village_code_station"),
        ),
        sa.ForeignKeyConstraint(
            ["village_code"], ["org_units.code"], name=op.f("fk_standing_pairs_village_code")
        ),
        sa.ForeignKeyConstraint(
            ["villager_id"], ["people.id"], name=op.f("fk_standing_pairs_villager_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_pairs")),
    )
    op.create_index(op.f("ix_standing_pairs_next_at"), "standing_pairs", ["next_at"], unique=False)
    op.create_index(
        op.f("ix_standing_pairs_person_id"), "standing_pairs", ["person_id"], unique=False
    )
    op.create_index(
        "ix_standing_pairs_station", "standing_pairs", ["village_code", "station"], unique=False
    )
    op.create_index(
        "uq_standing_pairs_live",
        "standing_pairs",
        ["villager_id", "person_id", "category"],
        unique=True,
        postgresql_where=sa.text("status <> 'ended'"),
    )
    op.create_table(
        "rounds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column(
            "left_out", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "task", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "candidates", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "plan", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_rounds_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rounds")),
        sa.UniqueConstraint("task_id", "n", name=op.f("uq_rounds_task_id_n")),
    )
    op.create_index("ix_rounds_at", "rounds", ["at"], unique=False)
    op.create_index("ix_rounds_decision", "rounds", ["decision_id"], unique=False)
    op.add_column("offers", sa.Column("source", sa.Text(), server_default="policy", nullable=False))
    op.add_column("offers", sa.Column("picked_by", sa.Uuid(), nullable=True))
    op.add_column("offers", sa.Column("policy", sa.Text(), nullable=True))
    op.add_column(
        "offers", sa.Column("circle", sa.SmallInteger(), server_default="0", nullable=False)
    )
    op.add_column("offers", sa.Column("km", sa.Double(), server_default="0", nullable=False))
    op.add_column("offers", sa.Column("chance", sa.Double(), nullable=True))
    op.add_column("offers", sa.Column("heard", sa.Double(), nullable=True))
    op.add_column("offers", sa.Column("score", sa.Double(), nullable=True))
    op.add_column("offers", sa.Column("propensity", sa.Double(), nullable=True))
    op.add_column("offers", sa.Column("seed", sa.BigInteger(), nullable=True))
    op.add_column("offers", sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "offers",
        sa.Column("stands_by", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("offers", sa.Column("silent_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("offers", sa.Column("said_yes", sa.Boolean(), nullable=True))
    op.create_index("ix_offers_asked", "offers", ["person_id", "created_at"], unique=False)
    op.create_foreign_key(op.f("fk_offers_picked_by"), "offers", "people", ["picked_by"], ["id"])
    op.add_column("org_units", sa.Column("lat", sa.Double(), nullable=True))
    op.add_column("org_units", sa.Column("lng", sa.Double(), nullable=True))
    op.add_column("places", sa.Column("busy", postgresql.TSTZRANGE(), nullable=True))
    op.add_column(
        "tasks", sa.Column("circle", sa.SmallInteger(), server_default="0", nullable=False)
    )
    op.add_column("tasks", sa.Column("widest", sa.SmallInteger(), nullable=True))
    op.add_column(
        "tasks", sa.Column("hold", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("tasks", sa.Column("widens_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tasks", sa.Column("next_wake", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "tasks",
        sa.Column("starving", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_index(
        "ix_tasks_open",
        "tasks",
        ["village_code"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.add_column(
        "volunteers",
        sa.Column("helps_village", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )
    op.add_column(
        "volunteers",
        sa.Column("next_village", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "volunteers", sa.Column("next_village_km", sa.Double(), server_default="4", nullable=False)
    )
    op.add_column(
        "volunteers",
        sa.Column("disliked", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    op.add_column(
        "volunteers", sa.Column("ask_less", sa.Double(), server_default="1", nullable=False)
    )
    op.add_column(
        "volunteers", sa.Column("ask_less_until", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("volunteers", sa.Column("rest_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("volunteers", sa.Column("rest_by", sa.Uuid(), nullable=True))
    op.add_column(
        "volunteers",
        sa.Column("personal", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )
    op.add_column(
        "volunteers", sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_foreign_key(
        op.f("fk_volunteers_rest_by"), "volunteers", "people", ["rest_by"], ["id"]
    )
    for table, name, condition in CHECKS:
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
    op.create_exclude_constraint(
        "ex_places_overlap", "places", ("person_id", "="), ("busy", "&&"), using="gist",
        where=sa.text("status in ('taken', 'checked_in')"),
    )  # fmt: skip
    op.execute(TOO_CLOSE)


def downgrade() -> None:
    """Take back."""
    op.execute("drop trigger places_refuse_too_close on places")
    op.execute("drop trigger offers_refuse_too_close on offers")
    op.execute("drop function refuse_too_close")
    op.drop_constraint("ex_places_overlap", "places")
    for table, name, _ in CHECKS:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    op.execute("update offers set status = 'released' where status = 'no_show'")
    _one_of("offers", "status", OFFER_STATES)
    op.execute("delete from due_times where kind = 'no_show'")
    _one_of("due_times", "kind", DUE_KINDS)
    op.drop_constraint(op.f("fk_volunteers_rest_by"), "volunteers", type_="foreignkey")
    op.drop_column("volunteers", "forgotten_at")
    op.drop_column("volunteers", "personal")
    op.drop_column("volunteers", "rest_by")
    op.drop_column("volunteers", "rest_until")
    op.drop_column("volunteers", "ask_less_until")
    op.drop_column("volunteers", "ask_less")
    op.drop_column("volunteers", "disliked")
    op.drop_column("volunteers", "next_village_km")
    op.drop_column("volunteers", "next_village")
    op.drop_column("volunteers", "helps_village")
    op.drop_index("ix_tasks_open", table_name="tasks", postgresql_where=sa.text("status = 'open'"))
    op.drop_column("tasks", "starving")
    op.drop_column("tasks", "next_wake")
    op.drop_column("tasks", "widens_at")
    op.drop_column("tasks", "hold")
    op.drop_column("tasks", "widest")
    op.drop_column("tasks", "circle")
    op.drop_column("places", "busy")
    op.drop_column("org_units", "lng")
    op.drop_column("org_units", "lat")
    op.drop_constraint(op.f("fk_offers_picked_by"), "offers", type_="foreignkey")
    op.drop_index("ix_offers_asked", table_name="offers")
    op.drop_column("offers", "said_yes")
    op.drop_column("offers", "silent_at")
    op.drop_column("offers", "stands_by")
    op.drop_column("offers", "opened_at")
    op.drop_column("offers", "seed")
    op.drop_column("offers", "propensity")
    op.drop_column("offers", "score")
    op.drop_column("offers", "heard")
    op.drop_column("offers", "chance")
    op.drop_column("offers", "km")
    op.drop_column("offers", "circle")
    op.drop_column("offers", "policy")
    op.drop_column("offers", "picked_by")
    op.drop_column("offers", "source")
    op.drop_index("ix_rounds_decision", table_name="rounds")
    op.drop_index("ix_rounds_at", table_name="rounds")
    op.drop_table("rounds")
    op.drop_index(
        "uq_standing_pairs_live",
        table_name="standing_pairs",
        postgresql_where=sa.text("status <> 'ended'"),
    )
    op.drop_index("ix_standing_pairs_station", table_name="standing_pairs")
    op.drop_index(op.f("ix_standing_pairs_person_id"), table_name="standing_pairs")
    op.drop_index(op.f("ix_standing_pairs_next_at"), table_name="standing_pairs")
    op.drop_table("standing_pairs")
    op.drop_index("ix_response_stats_village", table_name="response_stats")
    op.drop_table("response_stats")
    op.drop_index(op.f("ix_request_exclusions_person_id"), table_name="request_exclusions")
    op.drop_table("request_exclusions")
    op.drop_table("certificates")
    op.drop_index(
        "uq_village_agreements_open",
        table_name="village_agreements",
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("until is null"),
    )
    op.drop_index("ix_village_agreements_b", table_name="village_agreements")
    op.drop_table("village_agreements")
    op.drop_table("dispatch_settings")
    op.execute("drop extension btree_gist")
