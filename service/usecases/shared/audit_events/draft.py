"""The one place where an entry of the trail is drafted, and its salt is drawn."""

from datetime import datetime
from typing import Any

from service.domain.audit import AuditDraft
from service.randomness import random_hex

SALT_BYTES = 16


def draft(
    *, at: datetime, kind: str, subject: str, actor: str, payload: dict[str, Any]
) -> AuditDraft:
    return AuditDraft(
        at=at,
        kind=kind,
        subject=subject,
        actor=actor,
        payload=payload,
        salt=random_hex(SALT_BYTES),
    )
