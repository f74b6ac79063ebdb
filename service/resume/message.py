"""The resume message, written once: every try sends the same bytes."""

import json
from collections.abc import Mapping

from plugin.contract.deliveries import ResumeMessage
from service.domain.app import App
from service.domain.decision import Decision
from service.domain.ids import AppName, TaskId
from service.domain.outcome import Outcome


class ResumeMessageWriter:
    """Writes `plugin.contract.ResumeMessage` as JSON; equal inputs give equal bytes."""

    def __init__(self, apps: Mapping[AppName, App]) -> None:
        self._apps = apps

    def write(self, decision: Decision, task_id: TaskId, outcome: Outcome) -> bytes:
        """The message of an outcome. Without an edit, `edited_result` is the original result."""
        app = self._apps.get(AppName(decision.resume.app or ""))
        action = outcome.verdict.value if app is None else app.actions[outcome.verdict]
        edited = decision.ai_result if outcome.edited_result is None else outcome.edited_result
        message = ResumeMessage(
            timestamp=outcome.decided_at,
            decision_id=decision.id,
            review_task_id=task_id,
            verdict=outcome.verdict.value,
            gate_action=action,
            reviewer=outcome.reviewer,
            comment=outcome.comment or None,
            edited_result=edited,
            metadata=dict(decision.metadata),
        )
        fields = message.model_dump(mode="json")
        text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return text.encode()
