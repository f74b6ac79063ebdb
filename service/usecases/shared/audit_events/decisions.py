"""Entries about decisions: how they were made, taken and how they ended."""

from datetime import datetime

from service.domain.audit import AuditDraft
from service.domain.decision import Decision
from service.domain.ids import DecisionId
from service.domain.outcome import Outcome, Truth
from service.domain.review import ReviewTask
from service.usecases.shared.audit_events.draft import draft


def draft_of_decision(decision: Decision, task: ReviewTask | None) -> AuditDraft:
    assessment = decision.assessment
    return draft(
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
            "signals_unreadable": decision.signals_unreadable,
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


def draft_of_outcome(decision: Decision, outcome: Outcome, actor: str) -> AuditDraft:
    return draft(
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


def draft_of_taking(decision_id: DecisionId, run_id: str, actor: str, at: datetime) -> AuditDraft:
    """A run has taken the verdict."""
    return draft(
        at=at,
        kind="decision.taken",
        subject=decision_id,
        actor=actor,
        payload={"run_id": run_id},
    )


def draft_of_truth(decision_id: DecisionId, truth: Truth) -> AuditDraft:
    """Somebody has reported what turned out to be right."""
    return draft(
        at=truth.reported_at,
        kind="decision.truth_reported",
        subject=decision_id,
        actor=truth.reported_by,
        payload={"truth": truth.verdict.value, "note": truth.note},
    )
