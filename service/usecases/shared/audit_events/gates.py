"""Entries about gates: their versions, certificates and shadows."""

from datetime import datetime

from service.domain.audit import AuditDraft
from service.domain.shadow import Shadow
from service.ports.repositories.certificates import StoredCertificate
from service.ports.repositories.policies import StoredPolicy
from service.usecases.shared.audit_events.draft import draft


def draft_of_version(version: StoredPolicy) -> AuditDraft:
    """A gate has another version."""
    change = version.change
    return draft(
        at=version.created_at,
        kind="gate.changed",
        subject=version.gate,
        actor=change.actor,
        payload={
            "version": version.version,
            "cause": change.cause.value,
            "note": change.note,
            "restores": change.restores,
            "policy": version.document,
        },
    )


def draft_of_certificate(certificate: StoredCertificate, actor: str) -> AuditDraft:
    return draft(
        at=certificate.created_at,
        kind="certificate.issued",
        subject=certificate.id,
        actor=actor,
        payload={"gate": certificate.gate, "certificate": certificate.document},
    )


def draft_of_shadow(shadow: Shadow, what: str, actor: str, at: datetime) -> AuditDraft:
    """`what` happened to the shadow ("started", "stopped", "adopted")."""
    return draft(
        at=at,
        kind=f"shadow.{what}",
        subject=shadow.gate,
        actor=actor,
        payload={
            "number": shadow.number,
            "over": shadow.over,
            "note": shadow.note,
            "policy": dict(shadow.document),
        },
    )
