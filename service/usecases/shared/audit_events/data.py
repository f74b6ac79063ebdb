"""Entries about data that has left the service."""

from datetime import datetime

from service.domain.audit import AuditDraft
from service.domain.labelled import Case
from service.usecases.shared.audit_events.draft import draft


def draft_of_export(
    gate: str, version: str, items: int, case: Case | None, actor: str, at: datetime
) -> AuditDraft:
    """Somebody has written a gate's data set to a file."""
    return draft(
        at=at,
        kind="data.exported",
        subject=gate,
        actor=actor,
        payload={"version": version, "items": items, "case": case},
    )
