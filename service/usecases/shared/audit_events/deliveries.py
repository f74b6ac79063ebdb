"""Entries about deliveries."""

from datetime import datetime

from service.domain.audit import AuditDraft
from service.domain.delivery import Delivery
from service.usecases.shared.audit_events.draft import draft


def draft_of_delivery(delivery: Delivery, what: str, actor: str, at: datetime) -> AuditDraft:
    """`what` happened to the delivery ("queued", "delivered", "dead", ...)."""
    return draft(
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
