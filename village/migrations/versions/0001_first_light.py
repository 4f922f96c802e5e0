"""First light

Keep the code of the last release working on this schema: add first, remove a release later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


APPEND_ONLY = """
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'table % is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger events_are_append_only before update or delete or truncate on events
    for each statement execute function refuse_change();
"""

WAKE_RELAY = """
create function wake_relay() returns trigger language plpgsql as $$
begin
    perform pg_notify('wuzhan_outbox', '');
    return null;
end $$;
create trigger outbox_wakes_relay after insert on outbox
    for each statement execute function wake_relay();
"""


def upgrade() -> None:
    """Apply."""
    op.execute("create sequence request_numbers")
    op.create_table(
        "categories",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("zh", sa.Text(), nullable=False),
        sa.Column("en", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("first_response_hours", sa.Integer(), nullable=False),
        sa.Column("resolve_days", sa.Integer(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("flags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("next_step", sa.Text(), nullable=False),
        sa.Column(
            "task_card", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("sort", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "next_step in ('volunteer', 'station', 'authority', 'mediation', 'council', 'supervision', 'info', 'referral')",
            name=op.f("ck_categories_next_step"),
        ),
        sa.CheckConstraint(
            "priority in ('P0', 'P1', 'P2', 'P3', 'P4', 'P5')", name=op.f("ck_categories_priority")
        ),
        sa.CheckConstraint(
            "station in ('mutual_aid', 'sanitation', 'mediation', 'culture', 'public_works')",
            name=op.f("ck_categories_station"),
        ),
        sa.CheckConstraint(
            "first_response_hours > 0 and resolve_days > 0", name=op.f("ck_categories_limits")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_categories")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column(
            "body", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(
        op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False
    )
    op.create_table(
        "notification_templates",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("wechat_template_id", sa.Text(), nullable=False),
        sa.Column(
            "fields", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_notification_templates")),
    )
    op.create_table(
        "org_units",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("population", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "kind in ('county', 'town', 'township', 'farm', 'admin_village', 'natural_village')",
            name=op.f("ck_org_units_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_code"], ["org_units.code"], name=op.f("fk_org_units_parent_code")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_org_units")),
    )
    op.create_index(op.f("ix_org_units_parent_code"), "org_units", ["parent_code"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("queue in ('dispatch', 'notify', 'slow')", name=op.f("ck_outbox_queue")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_open",
        "outbox",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("done_at is null and failed_at is null"),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("birth_year", sa.Integer(), nullable=True),
        sa.Column("village_code", sa.Text(), nullable=True),
        sa.Column("household", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["village_code"], ["org_units.code"], name=op.f("fk_people_village_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("code", name=op.f("uq_people_code")),
    )
    op.create_index(op.f("ix_people_village_code"), "people", ["village_code"], unique=False)
    op.create_table(
        "stations",
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind in ('mutual_aid', 'sanitation', 'mediation', 'culture', 'public_works')",
            name=op.f("ck_stations_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["village_code"], ["org_units.code"], name=op.f("fk_stations_village_code")
        ),
        sa.PrimaryKeyConstraint("village_code", "kind", name=op.f("pk_stations")),
    )
    op.create_table(
        "conflict_declarations",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind in ('kin', 'contractor', 'party')", name=op.f("ck_conflict_declarations_kind")
        ),
        sa.CheckConstraint("person_id <> other_id", name=op.f("ck_conflict_declarations_two")),
        sa.ForeignKeyConstraint(
            ["other_id"], ["people.id"], name=op.f("fk_conflict_declarations_other_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_conflict_declarations_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", "other_id", name=op.f("pk_conflict_declarations")),
    )
    op.create_index(
        op.f("ix_conflict_declarations_other_id"),
        "conflict_declarations",
        ["other_id"],
        unique=False,
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_consents_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index("ix_consents_person", "consents", ["person_id", "document", "at"], unique=False)
    op.create_table(
        "login_codes",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_login_codes_person_id")
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_login_codes")),
    )
    op.create_index(op.f("ix_login_codes_expires_at"), "login_codes", ["expires_at"], unique=False)
    op.create_table(
        "requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column(
            "on_behalf_of",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "place", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "answers", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("hide_me", sa.Boolean(), nullable=False),
        sa.Column("sealed", sa.Boolean(), nullable=False),
        sa.Column("neutral", sa.Boolean(), nullable=False),
        sa.Column("consent_version", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("no_volunteer", sa.Boolean(), nullable=False),
        sa.Column(
            "routing", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "emergency", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("transfers", sa.Integer(), nullable=False),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("question", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("solved", sa.Text(), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.Column("first_response_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolve_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_response_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "not (priority = 'P0' and status = 'dispatching')", name=op.f("ck_requests_p0")
        ),
        sa.CheckConstraint(
            "priority in ('P0', 'P1', 'P2', 'P3', 'P4', 'P5')", name=op.f("ck_requests_priority")
        ),
        sa.CheckConstraint(
            "status in ('draft', 'submitted', 'triage', 'needs_info', 'accepted', 'dispatching', 'assigned', 'in_progress', 'checking', 'resolved', 'closed', 'rejected', 'withdrawn', 'handed_over')",
            name=op.f("ck_requests_status"),
        ),
        sa.CheckConstraint(
            "waits_for in ('mediation', 'council', 'referral', 'authority', 'supervision', 'safe_path', 'unconfirmed_danger')",
            name=op.f("ck_requests_waits_for"),
        ),
        sa.CheckConstraint("char_length(text) between 1 and 2000", name=op.f("ck_requests_text")),
        sa.CheckConstraint("rating between 1 and 5", name=op.f("ck_requests_rating")),
        sa.ForeignKeyConstraint(
            ["category"], ["categories.code"], name=op.f("fk_requests_category")
        ),
        sa.ForeignKeyConstraint(["done_by"], ["people.id"], name=op.f("fk_requests_done_by")),
        sa.ForeignKeyConstraint(
            ["requester_id"], ["people.id"], name=op.f("fk_requests_requester_id")
        ),
        sa.ForeignKeyConstraint(
            ["village_code", "station"],
            ["stations.village_code", "stations.kind"],
            name=op.f("fk_requests_village_code_station"),
        ),
        sa.ForeignKeyConstraint(
            ["village_code"], ["org_units.code"], name=op.f("fk_requests_village_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        sa.UniqueConstraint("number", name=op.f("uq_requests_number")),
    )
    op.create_index("ix_requests_mine", "requests", ["requester_id", "id"], unique=False)
    op.create_index(
        "ix_requests_queue", "requests", ["village_code", "station", "status", "id"], unique=False
    )
    op.create_table(
        "role_grants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(role in ('head', 'deputy')) = (station is not null) or role = 'mediator'",
            name=op.f("ck_role_grants_station"),
        ),
        sa.CheckConstraint(
            "role in ('head', 'deputy', 'chair', 'council_chair', 'council_member', 'party_leader', 'clerk', 'mediator', 'supervisor', 'auditor', 'township_officer', 'county_officer', 'admin')",
            name=op.f("ck_role_grants_role"),
        ),
        sa.CheckConstraint(
            "valid_to is null or valid_to > valid_from", name=op.f("ck_role_grants_term")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_role_grants_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["unit_code", "station"],
            ["stations.village_code", "stations.kind"],
            name=op.f("fk_role_grants_unit_code_station"),
        ),
        sa.ForeignKeyConstraint(
            ["unit_code"], ["org_units.code"], name=op.f("fk_role_grants_unit_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grants")),
    )
    op.create_index(op.f("ix_role_grants_person_id"), "role_grants", ["person_id"], unique=False)
    op.create_index(
        "ix_role_grants_scope", "role_grants", ["unit_code", "station", "role"], unique=False
    )
    op.create_table(
        "token_families",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_token_families_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token_families")),
    )
    op.create_index(
        op.f("ix_token_families_expires_at"), "token_families", ["expires_at"], unique=False
    )
    op.create_index(
        op.f("ix_token_families_person_id"), "token_families", ["person_id"], unique=False
    )
    op.create_table(
        "volunteers",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("insured_until", sa.Date(), nullable=True),
        sa.Column("trained_until", sa.Date(), nullable=True),
        sa.Column("guardian_consent", sa.Boolean(), nullable=False),
        sa.Column("max_open_tasks", sa.Integer(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_to", sa.Integer(), nullable=True),
        sa.Column("last_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status in ('applied', 'verified', 'active', 'paused', 'left')",
            name=op.f("ck_volunteers_status"),
        ),
        sa.CheckConstraint(
            "max_open_tasks between 0 and 20", name=op.f("ck_volunteers_max_open_tasks")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_volunteers_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_volunteers")),
    )
    op.create_table(
        "wechat_identities",
        sa.Column("openid", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_wechat_identities_person_id")
        ),
        sa.PrimaryKeyConstraint("openid", name=op.f("pk_wechat_identities")),
    )
    op.create_index(
        op.f("ix_wechat_identities_person_id"), "wechat_identities", ["person_id"], unique=False
    )
    op.create_table(
        "availability_windows",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("from_minute", sa.Integer(), nullable=False),
        sa.Column("to_minute", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "0 <= from_minute and from_minute < to_minute",
            name=op.f("ck_availability_windows_order"),
        ),
        sa.CheckConstraint("to_minute <= 1440", name=op.f("ck_availability_windows_day")),
        sa.CheckConstraint("weekday between 0 and 6", name=op.f("ck_availability_windows_weekday")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["volunteers.person_id"], name=op.f("fk_availability_windows_person_id")
        ),
        sa.PrimaryKeyConstraint(
            "person_id", "weekday", "from_minute", name=op.f("pk_availability_windows")
        ),
    )
    op.create_table(
        "due_times",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind in ('emergency_answer', 'triage', 'first_response', 'resolve', 'requester_answer', 'auto_close', 'offer_round')",
            name=op.f("ck_due_times_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_due_times_request_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_due_times")),
    )
    op.create_index(
        "ix_due_times_open",
        "due_times",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("fired_at is null and cancelled_at is null and paused_at is null"),
    )
    op.create_index("ix_due_times_request", "due_times", ["request_id"], unique=False)
    op.create_table(
        "events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("machine", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column(
            "data", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("trace", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f("fk_events_actor_id")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_events_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index("ix_events_request", "events", ["request_id", "id"], unique=False)
    op.create_table(
        "handovers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("handed_by", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["handed_by"], ["people.id"], name=op.f("fk_handovers_handed_by")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_handovers_request_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
    )
    op.create_index(op.f("ix_handovers_request_id"), "handovers", ["request_id"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "station in ('mutual_aid', 'sanitation', 'mediation', 'culture', 'public_works')",
            name=op.f("ck_memberships_station"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["volunteers.person_id"], name=op.f("fk_memberships_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["village_code", "station"],
            ["stations.village_code", "stations.kind"],
            name=op.f("fk_memberships_village_code_station"),
        ),
        sa.PrimaryKeyConstraint(
            "person_id", "village_code", "station", name=op.f("pk_memberships")
        ),
    )
    op.create_index(
        "ix_memberships_station", "memberships", ["village_code", "station"], unique=False
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("risk", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("people_needed", sa.Integer(), nullable=False),
        sa.Column(
            "place", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("wave_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("policy", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status in ('open', 'filled', 'done', 'cancelled')", name=op.f("ck_tasks_status")
        ),
        sa.CheckConstraint("minutes between 1 and 1440", name=op.f("ck_tasks_minutes")),
        sa.CheckConstraint("people_needed between 1 and 20", name=op.f("ck_tasks_people_needed")),
        sa.CheckConstraint("risk between 0 and 3", name=op.f("ck_tasks_risk")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_tasks_time")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_tasks_request_id")),
        sa.ForeignKeyConstraint(
            ["village_code", "station"],
            ["stations.village_code", "stations.kind"],
            name=op.f("fk_tasks_village_code_station"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
    )
    op.create_index(op.f("ix_tasks_request_id"), "tasks", ["request_id"], unique=False)
    op.create_index("ix_tasks_station", "tasks", ["village_code", "station", "id"], unique=False)
    op.create_index(
        "uq_tasks_live",
        "tasks",
        ["request_id"],
        unique=True,
        postgresql_where=sa.text("status in ('open', 'filled')"),
    )
    op.create_table(
        "time_off",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_time_off_order")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["volunteers.person_id"], name=op.f("fk_time_off_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_off")),
    )
    op.create_index(op.f("ix_time_off_person_id"), "time_off", ["person_id"], unique=False)
    op.create_table(
        "offers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status in ('offered', 'accepted', 'declined', 'expired', 'withdrawn', 'checked_in', 'completed', 'released')",
            name=op.f("ck_offers_status"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["volunteers.person_id"], name=op.f("fk_offers_person_id")
        ),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_offers_request_id")),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_offers_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
        sa.UniqueConstraint("task_id", "person_id", name=op.f("uq_offers_task_id_person_id")),
    )
    op.create_index("ix_offers_person", "offers", ["person_id", "status", "id"], unique=False)
    op.create_index(op.f("ix_offers_request_id"), "offers", ["request_id"], unique=False)
    op.create_table(
        "places",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("arrival", sa.DateTime(timezone=True), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'open') = (person_id is null)", name=op.f("ck_places_holder")
        ),
        sa.CheckConstraint(
            "status in ('open', 'taken', 'checked_in', 'completed')", name=op.f("ck_places_status")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_places_person_id")),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_places_task_id")),
        sa.PrimaryKeyConstraint("task_id", "seq", name=op.f("pk_places")),
        sa.UniqueConstraint("task_id", "person_id", name=op.f("uq_places_task_id_person_id")),
    )
    op.create_index("ix_places_person", "places", ["person_id", "status"], unique=False)
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.Column("template", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "fields", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_notifications_event_id")
        ),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["offers.id"], name=op.f("fk_notifications_offer_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_notifications_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_notifications_request_id")
        ),
        sa.ForeignKeyConstraint(
            ["template"], ["notification_templates.code"], name=op.f("fk_notifications_template")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint(
            "event_id", "person_id", name=op.f("uq_notifications_event_id_person_id")
        ),
    )
    op.create_index("ix_notifications_inbox", "notifications", ["person_id", "id"], unique=False)
    op.create_index(
        "ix_notifications_unread",
        "notifications",
        ["person_id"],
        unique=False,
        postgresql_where=sa.text("read_at is null"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("channel in ('wechat')", name=op.f("ck_deliveries_channel")),
        sa.CheckConstraint(
            "status in ('pending', 'sending', 'sent', 'failed', 'unavailable')",
            name=op.f("ck_deliveries_status"),
        ),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifications.id"], name=op.f("fk_deliveries_notification_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "notification_id", "channel", name=op.f("uq_deliveries_notification_id_channel")
        ),
    )
    op.create_index(
        "ix_deliveries_sending",
        "deliveries",
        ["id"],
        postgresql_where=sa.text("status = 'sending'"),
    )
    op.create_index("ix_outbox_subject", "outbox", ["subject_id"])
    op.execute(APPEND_ONLY)
    op.execute(WAKE_RELAY)


def downgrade() -> None:
    """Take back."""
    op.drop_table("deliveries")
    op.drop_index(
        "ix_notifications_unread",
        table_name="notifications",
        postgresql_where=sa.text("read_at is null"),
    )
    op.drop_index("ix_notifications_inbox", table_name="notifications")
    op.drop_table("notifications")
    op.drop_index("ix_places_person", table_name="places")
    op.drop_table("places")
    op.drop_index(op.f("ix_offers_request_id"), table_name="offers")
    op.drop_index("ix_offers_person", table_name="offers")
    op.drop_table("offers")
    op.drop_index(op.f("ix_time_off_person_id"), table_name="time_off")
    op.drop_table("time_off")
    op.drop_index(
        "uq_tasks_live",
        table_name="tasks",
        postgresql_where=sa.text("status in ('open', 'filled')"),
    )
    op.drop_index("ix_tasks_station", table_name="tasks")
    op.drop_index(op.f("ix_tasks_request_id"), table_name="tasks")
    op.drop_table("tasks")
    op.drop_index("ix_memberships_station", table_name="memberships")
    op.drop_table("memberships")
    op.drop_index(op.f("ix_handovers_request_id"), table_name="handovers")
    op.drop_table("handovers")
    op.drop_index("ix_events_request", table_name="events")
    op.drop_table("events")
    op.drop_index("ix_due_times_request", table_name="due_times")
    op.drop_index(
        "ix_due_times_open",
        table_name="due_times",
        postgresql_where=sa.text("fired_at is null and cancelled_at is null and paused_at is null"),
    )
    op.drop_table("due_times")
    op.drop_table("availability_windows")
    op.drop_index(op.f("ix_wechat_identities_person_id"), table_name="wechat_identities")
    op.drop_table("wechat_identities")
    op.drop_table("volunteers")
    op.drop_index(op.f("ix_token_families_person_id"), table_name="token_families")
    op.drop_index(op.f("ix_token_families_expires_at"), table_name="token_families")
    op.drop_table("token_families")
    op.drop_index("ix_role_grants_scope", table_name="role_grants")
    op.drop_index(op.f("ix_role_grants_person_id"), table_name="role_grants")
    op.drop_table("role_grants")
    op.drop_index("ix_requests_queue", table_name="requests")
    op.drop_index("ix_requests_mine", table_name="requests")
    op.drop_table("requests")
    op.drop_index(op.f("ix_login_codes_expires_at"), table_name="login_codes")
    op.drop_table("login_codes")
    op.drop_index("ix_consents_person", table_name="consents")
    op.drop_table("consents")
    op.drop_index(op.f("ix_conflict_declarations_other_id"), table_name="conflict_declarations")
    op.drop_table("conflict_declarations")
    op.drop_table("stations")
    op.drop_index(op.f("ix_people_village_code"), table_name="people")
    op.drop_table("people")
    op.drop_index(
        "ix_outbox_open",
        table_name="outbox",
        postgresql_where=sa.text("done_at is null and failed_at is null"),
    )
    op.drop_table("outbox")
    op.drop_index(op.f("ix_org_units_parent_code"), table_name="org_units")
    op.drop_table("org_units")
    op.drop_table("notification_templates")
    op.drop_index(op.f("ix_idempotency_keys_created_at"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("categories")
    op.execute("drop function refuse_change")
    op.execute("drop function wake_relay")
    op.execute("drop sequence request_numbers")
