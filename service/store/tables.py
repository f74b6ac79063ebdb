"""The tables. A change here goes with a migration; a test holds the two together."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
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
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """An aware datetime in UTC with microseconds, on every backend."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        # SQLite keeps datetimes as text, and SQLAlchemy takes ten times as long to write it.
        return _text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else _in_utc(value)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"{value} has no time zone.")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _text(value: datetime | None) -> str | None:
    """As SQLAlchemy writes it for SQLite: without the offset moments sort as they should."""
    if value is None:
        return None
    return _text_of_utc(_in_utc(value))


@lru_cache(maxsize=64)  # what one decision writes says its moment up to eight times
def _text_of_utc(value: datetime) -> str:
    return value.isoformat(" ", "microseconds").removesuffix("+00:00")


Document = JSON(none_as_null=True)
Sequence = BigInteger().with_variant(Integer, "sqlite")


def _key(name: str, type_: Any = String) -> Column[Any]:
    return Column(name, type_, primary_key=True, autoincrement=False)


def _some(name: str, type_: Any = String, *constraints: Any) -> Column[Any]:
    return Column(name, type_, *constraints, nullable=False)


def _maybe(name: str, type_: Any = String) -> Column[Any]:
    return Column(name, type_, nullable=True)


decisions = Table(
    "decisions",
    metadata,
    _key("id"),
    _some("gate"),
    _some("policy_version", Integer),
    _some("created_at", Moment),
    _some("requested_by"),
    _some("item", Document),
    _maybe("ai_result", Document),
    _maybe("signals", Document),
    _maybe("category"),
    _some("risk_level"),
    _some("resume_mode"),
    _maybe("resume_app"),
    _maybe("resume_run_id"),
    _maybe("resume_user"),
    _some("metadata", Document),
    _some("zone"),
    _some("reason"),
    _maybe("threshold_low", Double),
    _maybe("threshold_high", Double),
    _maybe("confidence", Double),
    _maybe("raw_score", Double),
    _maybe("label"),
    _maybe("model_version"),
    _maybe("failure"),
    _some("notes", Document),
    _maybe("verdict"),
    _maybe("decided_by"),
    _maybe("decided_at", Moment),
    _maybe("settles_at", Moment),
    _maybe("reviewer"),
    _maybe("comment"),
    _maybe("edited_result", Document),
    _maybe("taken_by_run"),
    Column("panel", Boolean, nullable=False, server_default=false()),
    _maybe("spread", Document),
    _maybe("audit_probability", Double),
    Index(None, "gate", "created_at"),
)

truths = Table(
    "truths",
    metadata,
    Column("id", Sequence, primary_key=True),
    _some("decision_id", String, ForeignKey("decisions.id")),
    _some("verdict"),
    _some("note"),
    _some("reported_by"),
    _some("reported_at", Moment),
    Index(None, "decision_id"),
)

review_tasks = Table(
    "review_tasks",
    metadata,
    _key("id"),
    _some("decision_id", String, ForeignKey("decisions.id")),
    _some("gate"),
    _some("state"),
    _some("priority", Double),
    _some("created_at", Moment),
    _some("deadline_at", Moment),
    _some("quorum", Integer),
    _some("claimed_from"),
    _maybe("lease_token"),
    _maybe("lease_holder"),
    _maybe("lease_claimed_at", Moment),
    _maybe("lease_expires_at", Moment),
    _maybe("resolved_at", Moment),
    _maybe("settles_at", Moment),
    _some("revision", Integer),
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
    _key("position", Integer),
    _some("reviewer"),
    _some("answer"),
    _some("comment"),
    _maybe("edited_result", Document),
    _some("at", Moment),
    UniqueConstraint("task_id", "reviewer"),
    Index(None, "position"),
    Index(None, "answer"),
)

deliveries = Table(
    "deliveries",
    metadata,
    _key("id"),
    _some("task_id", String, ForeignKey("review_tasks.id")),
    _some("decision_id", String, ForeignKey("decisions.id")),
    _some("gate"),
    _some("mode"),
    _maybe("app"),
    _maybe("run_id"),
    _maybe("user"),
    _some("body", LargeBinary),
    _some("state"),
    _some("created_at", Moment),
    _some("next_attempt_at", Moment),
    # When a worker may take it: its next attempt, or the end of another worker's hold.
    _some("due_at", Moment),
    _some("attempts", Integer),
    _maybe("submitted_at", Moment),
    _maybe("reason"),
    _maybe("proof_kind"),
    _maybe("proof_detail"),
    _maybe("finished_at", Moment),
    Index(None, "task_id"),
    Index(None, "state", "due_at"),
)

audit_entries = Table(
    "audit_entries",
    metadata,
    _key("seq", Sequence),
    _some("at", Moment),
    _some("kind"),
    _some("subject"),
    _some("actor"),
    _some("payload_hash"),
    _some("previous_hash"),
    _some("hash"),
)

audit_payloads = Table(
    "audit_payloads",
    metadata,
    Column("seq", Sequence, ForeignKey("audit_entries.seq"), primary_key=True, autoincrement=False),
    _some("salt"),
    _some("payload", Document),
)

audit_head = Table(
    "audit_head",
    metadata,
    _key("id", Integer),  # one row, whose lock is the pen: who holds it may write
    _some("seq", Sequence),
    _some("hash"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    _key("principal"),
    _key("key"),
    _some("fingerprint"),
    _some("created_at", Moment),
    _maybe("answer", Document),
    Index(None, "created_at"),
)

gate_policies = Table(
    "gate_policies",
    metadata,
    _key("gate"),
    _key("version", Integer),
    _some("document", Document),
    _some("cause"),
    _some("created_at", Moment),
    _maybe("actor"),
    _maybe("note"),
    _maybe("restores", Integer),
)

labels = Table(
    "labels",
    metadata,
    Column("decision_id", String, ForeignKey("decisions.id"), primary_key=True),
    _some("gate"),
    _some("raw_score", Double),
    _some("source"),
    _maybe("category"),
    _some("right", Boolean),
    _some("panel", Boolean),
    _some("reviewer"),
    _some("at", Moment),
    _maybe("spread", Document),
    Index(None, "gate", "panel"),
)

certificates = Table(
    "certificates",
    metadata,
    _key("id"),
    _some("gate"),
    _some("created_at", Moment),
    _some("document", Document),
    Index(None, "gate"),
)

model_activations = Table(
    "model_activations",
    metadata,
    _key("model"),
    _key("number", Integer),
    _some("version"),
    _maybe("replaces"),
    _maybe("back_to", Integer),
    _some("cause"),
    _some("actor"),
    _some("at", Moment),
    _some("state"),
    _some("reason"),
    _maybe("settled_at", Moment),
)

shadows = Table(
    "shadows",
    metadata,
    _key("gate"),
    _key("number", Integer),
    _some("over", Integer),
    _some("document", Document),
    _some("judges", Boolean),
    _some("started_at", Moment),
    _some("started_by"),
    _some("note"),
    _some("state"),
    _maybe("ended_at", Moment),
    _maybe("ended_by"),
)

shadow_judgements = Table(
    "shadow_judgements",
    metadata,
    Column("decision_id", String, ForeignKey("decisions.id"), primary_key=True),
    _key("gate"),
    _key("number", Integer),
    _some("zone"),
    _maybe("confidence", Double),
    _maybe("raw_score", Double),
    _maybe("spread", Document),
    _maybe("source"),
)

retrainings = Table(
    "retrainings",
    metadata,
    _key("gate"),
    _key("number", Integer),
    _key("challenger"),
    _some("at", Moment),
    _some("actor"),
    _some("champion"),
    _some("data"),
    _some("beats", Boolean),
    _some("judgement", Document),
)

api_keys = Table(
    "api_keys",
    metadata,
    _key("name"),
    _some("secret_hash"),
    _some("scopes", Document),
    _maybe("gates", Document),
    _some("created_at", Moment),
    _maybe("revoked_at", Moment),
    UniqueConstraint("secret_hash"),
)

people = Table(
    "people",
    metadata,
    _key("name"),
    _some("role"),
    _some("password_hash"),
    _maybe("gates", Document),
    _some("created_at", Moment),
    _maybe("disabled_at", Moment),
)

sessions = Table(
    "sessions",
    metadata,
    _key("token_hash"),
    _some("person", String, ForeignKey("people.name")),
    _some("csrf"),
    _some("created_at", Moment),
    _some("expires_at", Moment),
    Index(None, "expires_at"),
)
