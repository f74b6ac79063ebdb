"""Entries about review tasks."""

from datetime import datetime
from typing import Any

from service.domain.audit import AuditDraft
from service.domain.review import ReviewTask
from service.usecases.shared.audit_events.draft import draft


def draft_of_task(task: ReviewTask, what: str, actor: str, at: datetime, **more: Any) -> AuditDraft:
    """`what` happened to the task ("claimed", "answered", ...); `more` is what was said."""
    return draft(
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
