"""Domain values as the wire shows them."""

from typing import Any

from plugin.contract import decisions as wire
from plugin.contract import deliveries as wire_deliveries
from plugin.contract import reviews as wire_reviews
from plugin.contract import tasks as wire_tasks
from service.domain.decision import Assessment, Decision, Item, Thresholds
from service.domain.delivery import Delivery
from service.domain.explanation import Explanation
from service.domain.outcome import Outcome, leaning
from service.domain.review import ReviewTask
from service.usecases.decisions.outcomes import DecisionView, Taken
from service.usecases.review.views import TaskView
from service.web.pages.language import Language, Speech
from service.web.text.explanations import in_chinese, in_english


def decision(
    made: Decision, task: ReviewTask | None, base_url: str, wait_seconds: float | None
) -> wire.DecisionResponse:
    return wire.DecisionResponse(
        **_decision(made, task.id if task else None, base_url),
        estimated_wait_seconds=wait_seconds,
    )


def decision_record(view: DecisionView, base_url: str) -> wire.DecisionRecord:
    made = view.decision
    return wire.DecisionRecord(
        **_decision(made, view.task.id if view.task else None, base_url),
        state=view.task.state.value if view.task else "automatic",
        outcome=outcome(view.outcome, view.delivery) if view.outcome else None,
    )


def _decision(made: Decision, task_id: str | None, base_url: str) -> dict[str, Any]:
    return {
        "decision_id": made.id,
        "decision": made.zone.value,
        "confidence": made.assessment.confidence,
        "label": made.assessment.label,
        "reason": made.reason.value,
        "thresholds": thresholds(made.thresholds),
        "policy_version": made.policy_version,
        "model_version": made.assessment.model_version,
        "review_task_id": task_id,
        "review_url": review_url(task_id, base_url) if task_id else None,
        "guards": guards(made.assessment),
    }


def guards(assessment: Assessment) -> list[dict[str, str]]:
    """What guards saw: the note as it is kept, and in English."""
    return [{"guard": note, "detail": _ENGLISH.finding(note)} for note in assessment.notes]


_ENGLISH = Speech(Language.ENGLISH)


def explanation(decision_id: str, found: Explanation) -> wire.ExplanationRecord:
    return wire.ExplanationRecord(
        decision_id=decision_id,
        model_version=found.model_version,
        in_words={"en": in_english(found), "zh-Hans": in_chinese(found)},
        parts=[
            wire.PartWeight(name=part.name, weight=part.weight, start=part.start, end=part.end)
            for part in found.parts
        ],
    )


def review_url(task_id: str, base_url: str) -> str:
    """The page of a task. Opening it shows the task and changes nothing."""
    return f"{base_url}/review/tasks/{task_id}"


def thresholds(value: Thresholds) -> wire.Thresholds:
    return wire.Thresholds(low=value.low, high=value.high)


def outcome(value: Outcome, delivery: Delivery | None) -> wire.Outcome:
    return wire.Outcome(
        verdict=value.verdict.value,
        by=value.by.value,
        reviewer=value.reviewer,
        comment=value.comment or None,
        edited_result=value.edited_result,
        decided_at=value.decided_at,
        delivery=delivery_status(delivery) if delivery else None,
    )


def delivery_status(value: Delivery) -> wire_deliveries.DeliveryStatus:
    return wire_deliveries.DeliveryStatus(id=value.id, state=value.state.value, reason=value.reason)


def delivery(value: Delivery) -> wire_deliveries.Delivery:
    return wire_deliveries.Delivery.model_validate(
        {
            "id": value.id,
            "state": value.state.value,
            "reason": value.reason,
            "decision_id": value.decision_id,
            "review_task_id": value.task_id,
            "mode": value.mode.value,
            "app": value.app,
            "attempts": value.attempts,
            "created_at": value.created_at,
            "next_attempt_at": value.next_attempt_at if value.finished_at is None else None,
            "delivered_at": value.finished_at if value.proof else None,
        }
    )


def _summary(view: TaskView) -> dict[str, Any]:
    task, made = view.task, view.decision
    return {
        "task_id": task.id,
        "decision_id": task.decision_id,
        "gate": task.gate,
        "state": task.state.value,
        "priority": task.priority,
        "category": made.category,
        "risk_level": made.risk_level.value,
        "created_at": task.created_at,
        "deadline": task.deadline_at,
        "claimed_by": task.lease.holder if task.lease else None,
    }


def task_summary(view: TaskView) -> wire_tasks.TaskSummary:
    return wire_tasks.TaskSummary(**_summary(view))


def item(value: Item) -> dict[str, Any]:
    """An item as it was sent: one of which there is nothing came with an empty text."""
    text = value.text if value.text is not None or value.fields else ""
    return {"text": text, "fields": dict(value.fields)}


def _task(view: TaskView) -> dict[str, Any]:
    made = view.decision
    confidence = made.assessment.confidence
    suggestion = leaning(confidence)
    return {
        **_summary(view),
        "item": item(made.item),
        "ai_result": made.ai_result,
        "suggestion": suggestion and suggestion.value,
        "confidence": confidence,
        "label": made.assessment.label,
        "reason": made.reason.value,
        "guards": guards(made.assessment),
        "signals_unreadable": made.signals_unreadable,
        "thresholds": thresholds(made.thresholds),
        "metadata": dict(made.metadata),
        "outcome": outcome(made.outcome, view.delivery) if made.outcome else None,
    }


def task(view: TaskView) -> wire_tasks.Task:
    return wire_tasks.Task.model_validate(_task(view))


def claimed_task(view: TaskView) -> wire_tasks.ClaimedTask:
    lease = view.task.lease
    if lease is None:
        raise ValueError("a claimed task has a lease")
    return wire_tasks.ClaimedTask.model_validate(
        {**_task(view), "lease_token": lease.token, "lease_expires_at": lease.expires_at}
    )


def answered_task(view: TaskView) -> wire_tasks.TaskDecisionResponse:
    task = view.task
    made = view.decision.outcome
    return wire_tasks.TaskDecisionResponse(
        task_id=task.id,
        decision_id=task.decision_id,
        state=task.state.value,
        undo_until=task.settles_at,
        outcome=outcome(made, view.delivery) if made else None,
    )


def taken(value: Taken) -> wire_reviews.TakeResponse:
    view = value.view
    found = view.outcome
    final: dict[str, Any] = {"verdict": "pending"}
    if found is not None and value.duplicate:
        final = {"verdict": "duplicate"}
    elif found is not None:
        edited = found.edited_result
        final = {
            "verdict": found.verdict.value,
            "reviewer": found.reviewer,
            "comment": found.comment or None,
            "edited_result": view.decision.ai_result if edited is None else edited,
        }
    return wire_reviews.TakeResponse.model_validate(
        {
            "decision_id": view.decision.id,
            "review_task_id": view.task.id if view.task else None,
            "state": view.task.state.value if view.task else "automatic",
            **final,
        }
    )
