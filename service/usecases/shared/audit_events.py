"""What each event puts into the audit trail: enough to explain it a year later."""

from datetime import datetime
from typing import Any

from service.domain.audit import AuditDraft
from service.domain.decision import Decision
from service.domain.delivery import Delivery
from service.domain.model import Activation, ActivationState
from service.domain.outcome import Outcome
from service.domain.review import ReviewTask


def draft_of_decision(decision: Decision, task: ReviewTask | None) -> AuditDraft:
    assessment = decision.assessment
    return AuditDraft(
        at=decision.created_at,
        kind="decision.made",
        subject=decision.id,
        actor=decision.requested_by,
        payload={
            "gate": decision.gate,
            "policy_version": decision.policy_version,
            "item": {"text": decision.item.text, "fields": dict(decision.item.fields)},
            "ai_result": decision.ai_result,
            "signals": None if decision.signals is None else dict(decision.signals),
            "category": decision.category,
            "risk_level": decision.risk_level.value,
            "zone": decision.zone.value,
            "reason": decision.reason.value,
            "confidence": assessment.confidence,
            "raw_score": assessment.raw_score,
            "label": assessment.label,
            "model_version": assessment.model_version,
            "thresholds": {"low": decision.thresholds.low, "high": decision.thresholds.high},
            "guards": list(assessment.notes),
            "panel": decision.panel,
            "audit_probability": decision.audit_probability,
            "review_task_id": task.id if task else None,
        },
    )


def draft_of_task(task: ReviewTask, what: str, actor: str, at: datetime, **more: Any) -> AuditDraft:
    """`what` happened to the task ("claimed", "answered", ...); `more` is what was said."""
    return AuditDraft(
        at=at,
        kind=f"task.{what}",
        subject=task.id,
        actor=actor,
        payload={
            "decision_id": task.decision_id,
            "gate": task.gate,
            "state": task.state.value,
            **more,
        },
    )


def draft_of_outcome(decision: Decision, outcome: Outcome, actor: str) -> AuditDraft:
    return AuditDraft(
        at=outcome.decided_at,
        kind="decision.concluded",
        subject=decision.id,
        actor=actor,
        payload={
            "gate": decision.gate,
            "verdict": outcome.verdict.value,
            "by": outcome.by.value,
            "comment": outcome.comment,
            "edited_result": outcome.edited_result,
        },
    )


def draft_of_delivery(delivery: Delivery, what: str, actor: str, at: datetime) -> AuditDraft:
    """`what` happened to the delivery ("queued", "delivered", "dead", ...)."""
    return AuditDraft(
        at=at,
        kind=f"delivery.{what}",
        subject=delivery.id,
        actor=actor,
        payload={
            "decision_id": delivery.decision_id,
            "mode": delivery.mode.value,
            "app": delivery.app,
            "attempts": delivery.attempts,
            "reason": delivery.reason,
            "proof": delivery.proof
            and {"kind": delivery.proof.kind, "detail": delivery.proof.detail},
        },
    )


def draft_of_activation(activation: Activation, actor: str, at: datetime) -> AuditDraft:
    """Somebody put a version of a model in force, or how that went."""
    settled = activation.state is not ActivationState.PENDING
    return AuditDraft(
        at=at,
        kind=f"model.{activation.state.value}" if settled else "model.activated",
        subject=activation.model,
        actor=actor,
        payload={
            "number": activation.number,
            "version": activation.version,
            "replaces": activation.replaces,
            "cause": activation.cause.value,
            "reason": activation.reason,
        },
    )
