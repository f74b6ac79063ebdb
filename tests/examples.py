"""Ready-made domain values for tests: say what matters, take the rest as it is."""

from datetime import UTC, datetime, timedelta
from typing import Any

from service.domain.audit import AuditDraft
from service.domain.decision import (
    Assessment,
    Decision,
    Item,
    Reason,
    Resume,
    ResumeMode,
    RiskLevel,
    Thresholds,
    Zone,
)
from service.domain.delivery import Delivery, DeliveryState
from service.domain.ids import AppName, GateName, LeaseToken
from service.domain.review import Lease, ReviewTask, TaskState
from service.randomness import random_hex
from service.usecases.shared.new_ids import new_decision_id, new_delivery_id, new_task_id

NOW = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GATE = GateName("content-moderation")


def a_decision(**changes: Any) -> Decision:
    """An item between the thresholds, sent to review."""
    given: dict[str, Any] = {
        "id": new_decision_id(),
        "gate": GATE,
        "policy_version": 1,
        "created_at": NOW,
        "requested_by": "key:demo",
        "item": Item(text="You are all the same."),
        "ai_result": {"publish": True},
        "signals": None,
        "category": None,
        "risk_level": RiskLevel.MEDIUM,
        "resume": Resume(mode=ResumeMode.WEBHOOK, app="moderation", run_id="run-1", user="u"),
        "metadata": {},
        "zone": Zone.HUMAN_REVIEW,
        "reason": Reason.BETWEEN,
        "thresholds": Thresholds(low=0.1, high=0.9),
        "assessment": Assessment(confidence=0.5, raw_score=0.5, label="acceptable"),
    }
    return Decision(**given | changes)


def a_task(decision: Decision, **changes: Any) -> ReviewTask:
    """The task of a decision, waiting, due in an hour."""
    given: dict[str, Any] = {
        "id": new_task_id(),
        "decision_id": decision.id,
        "gate": decision.gate,
        "state": TaskState.PENDING,
        "priority": 1.0,
        "created_at": NOW,
        "deadline_at": NOW + 60 * MINUTE,
    }
    return ReviewTask(**given | changes)


def a_delivery(task: ReviewTask, **changes: Any) -> Delivery:
    """The delivery of a task's verdict, to leave now."""
    given: dict[str, Any] = {
        "id": new_delivery_id(),
        "task_id": task.id,
        "decision_id": task.decision_id,
        "gate": task.gate,
        "mode": ResumeMode.WEBHOOK,
        "app": AppName("moderation"),
        "run_id": "run-1",
        "user": "u",
        "body": b'{"verdict":"approve"}',
        "state": DeliveryState.PENDING,
        "created_at": NOW,
        "next_attempt_at": NOW,
    }
    return Delivery(**given | changes)


def a_lease(holder: str, expires_at: datetime, token: str = "lse_1") -> Lease:
    return Lease(
        token=LeaseToken(token), holder=holder, claimed_at=NOW - MINUTE, expires_at=expires_at
    )


def a_draft(**changes: Any) -> AuditDraft:
    given: dict[str, Any] = {
        "at": NOW,
        "kind": "decision.made",
        "subject": "dec_1",
        "actor": "policy",
        "payload": {"confidence": 0.5, "text": "You are all the same."},
        "salt": random_hex(16),
    }
    return AuditDraft(**given | changes)
