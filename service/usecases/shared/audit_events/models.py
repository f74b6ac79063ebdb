"""Entries about models: versions put in force, and retrainings."""

from datetime import datetime

from service.domain.audit import AuditDraft
from service.domain.model import Activation, ActivationState
from service.domain.retraining import Retraining
from service.usecases.shared.audit_events.draft import draft


def draft_of_activation(activation: Activation, actor: str, at: datetime) -> AuditDraft:
    """Somebody put a version of a model in force, or how that went."""
    settled = activation.state is not ActivationState.PENDING
    return draft(
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


def draft_of_retraining(retraining: Retraining) -> AuditDraft:
    return draft(
        at=retraining.at,
        kind="model.retrained",
        subject=retraining.champion.partition("@")[0],
        actor=retraining.actor,
        payload={
            "gate": retraining.gate,
            "comparison": retraining.number,
            "champion": retraining.champion,
            "challenger": retraining.challenger,
            "data": retraining.data,
            "beats": retraining.beats,
            "judgement": dict(retraining.judgement),
        },
    )
