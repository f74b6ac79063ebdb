"""The tables. A change here goes with a migration; a test holds the two together."""

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    false,
)

from service.store.columns import Document, Moment, Sequence, key, maybe, some

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

decisions = Table(
    "decisions",
    metadata,
    key("id"),
    some("gate"),
    some("policy_version", Integer),
    some("created_at", Moment),
    some("requested_by"),
    some("item", Document),
    maybe("ai_result", Document),
    maybe("signals", Document),
    maybe("category"),
    some("risk_level"),
    some("resume_mode"),
    maybe("resume_app"),
    maybe("resume_run_id"),
    maybe("resume_user"),
    some("metadata", Document),
    some("zone"),
    some("reason"),
    maybe("threshold_low", Double),
    maybe("threshold_high", Double),
    maybe("confidence", Double),
    maybe("raw_score", Double),
    maybe("label"),
    maybe("model_version"),
    maybe("failure"),
    some("notes", Document),
    maybe("verdict"),
    maybe("decided_by"),
    maybe("decided_at", Moment),
    maybe("settles_at", Moment),
    maybe("reviewer"),
    maybe("comment"),
    maybe("edited_result", Document),
    maybe("taken_by_run"),
    Column("panel", Boolean, nullable=False, server_default=false()),
    maybe("spread", Document),
    maybe("audit_probability", Double),
    maybe("signals_unreadable"),
    Index(None, "gate", "created_at"),
)

truths = Table(
    "truths",
    metadata,
    Column("id", Sequence, primary_key=True),
    some("decision_id", String, ForeignKey("decisions.id")),
    some("verdict"),
    some("note"),
    some("reported_by"),
    some("reported_at", Moment),
    Index(None, "decision_id"),
)

review_tasks = Table(
    "review_tasks",
    metadata,
    key("id"),
    some("decision_id", String, ForeignKey("decisions.id")),
    some("gate"),
    some("state"),
    some("priority", Double),
    some("created_at", Moment),
    some("deadline_at", Moment),
    some("quorum", Integer),
    some("claimed_from"),
    maybe("lease_token"),
    maybe("lease_holder"),
    maybe("lease_claimed_at", Moment),
    maybe("lease_expires_at", Moment),
    maybe("resolved_at", Moment),
    maybe("settles_at", Moment),
    some("revision", Integer),
    Column("audit", Boolean, nullable=False, server_default=false()),
    Index(None, "decision_id"),
    Index(None, "state", "gate", "priority"),
    Index(None, "state", "deadline_at"),
    Index(None, "state", "lease_expires_at"),
)

task_answers = Table(
    "task_answers",
    metadata,
    Column("task_id", String, ForeignKey("review_tasks.id"), primary_key=True),
    key("position", Integer),
    some("reviewer"),
    some("answer"),
    some("comment"),
    maybe("edited_result", Document),
    some("at", Moment),
    UniqueConstraint("task_id", "reviewer"),
    Index(None, "position"),
    Index(None, "answer"),
    Index(None, "reviewer", "at"),
)

deliveries = Table(
    "deliveries",
    metadata,
    key("id"),
    some("task_id", String, ForeignKey("review_tasks.id")),
    some("decision_id", String, ForeignKey("decisions.id")),
    some("gate"),
    some("mode"),
    maybe("app"),
    maybe("run_id"),
    maybe("user"),
    some("body", LargeBinary),
    some("state"),
    some("created_at", Moment),
    some("next_attempt_at", Moment),
    # When a worker may take it: its next attempt, or the end of another worker's hold.
    some("due_at", Moment),
    some("attempts", Integer),
    maybe("submitted_at", Moment),
    maybe("reason"),
    maybe("proof_kind"),
    maybe("proof_detail"),
    maybe("finished_at", Moment),
    Index(None, "task_id"),
    Index(None, "state", "due_at"),
)

audit_entries = Table(
    "audit_entries",
    metadata,
    key("seq", Sequence),
    some("at", Moment),
    some("kind"),
    some("subject"),
    some("actor"),
    some("payload_hash"),
    some("previous_hash"),
    some("hash"),
)

audit_payloads = Table(
    "audit_payloads",
    metadata,
    Column("seq", Sequence, ForeignKey("audit_entries.seq"), primary_key=True, autoincrement=False),
    some("salt"),
    some("payload", Document),
)

audit_head = Table(
    "audit_head",
    metadata,
    key("id", Integer),  # one row, whose lock is the pen: who holds it may write
    some("seq", Sequence),
    some("hash"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    key("principal"),
    key("key"),
    some("fingerprint"),
    some("created_at", Moment),
    maybe("answer", Document),
    Index(None, "created_at"),
)

gate_policies = Table(
    "gate_policies",
    metadata,
    key("gate"),
    key("version", Integer),
    some("document", Document),
    some("cause"),
    some("created_at", Moment),
    maybe("actor"),
    maybe("note"),
    maybe("restores", Integer),
)

labels = Table(
    "labels",
    metadata,
    Column("decision_id", String, ForeignKey("decisions.id"), primary_key=True),
    some("gate"),
    some("raw_score", Double),
    some("source"),
    maybe("category"),
    some("right", Boolean),
    some("panel", Boolean),
    some("reviewer"),
    some("at", Moment),
    maybe("spread", Document),
    Index(None, "gate", "panel"),
)

certificates = Table(
    "certificates",
    metadata,
    key("id"),
    some("gate"),
    some("created_at", Moment),
    some("document", Document),
    Index(None, "gate"),
)

model_activations = Table(
    "model_activations",
    metadata,
    key("model"),
    key("number", Integer),
    some("version"),
    maybe("replaces"),
    maybe("back_to", Integer),
    some("cause"),
    some("actor"),
    some("at", Moment),
    some("state"),
    some("reason"),
    maybe("settled_at", Moment),
)

shadows = Table(
    "shadows",
    metadata,
    key("gate"),
    key("number", Integer),
    some("over", Integer),
    some("document", Document),
    some("judges", Boolean),
    some("started_at", Moment),
    some("started_by"),
    some("note"),
    some("state"),
    maybe("ended_at", Moment),
    maybe("ended_by"),
)

shadow_judgements = Table(
    "shadow_judgements",
    metadata,
    Column("decision_id", String, ForeignKey("decisions.id"), primary_key=True),
    key("gate"),
    key("number", Integer),
    some("zone"),
    maybe("confidence", Double),
    maybe("raw_score", Double),
    maybe("spread", Document),
    maybe("source"),
)

retrainings = Table(
    "retrainings",
    metadata,
    key("gate"),
    key("number", Integer),
    key("challenger"),
    some("at", Moment),
    some("actor"),
    some("champion"),
    some("data"),
    some("beats", Boolean),
    some("judgement", Document),
)

api_keys = Table(
    "api_keys",
    metadata,
    key("name"),
    some("secret_hash"),
    some("scopes", Document),
    maybe("gates", Document),
    some("created_at", Moment),
    maybe("revoked_at", Moment),
    UniqueConstraint("secret_hash"),
)

people = Table(
    "people",
    metadata,
    key("name"),
    some("role"),
    some("password_hash"),
    maybe("gates", Document),
    some("created_at", Moment),
    maybe("disabled_at", Moment),
)

sessions = Table(
    "sessions",
    metadata,
    key("token_hash"),
    some("person", String, ForeignKey("people.name")),
    some("csrf"),
    some("created_at", Moment),
    some("expires_at", Moment),
    Index(None, "expires_at"),
)
