"""Labelled items as JSON documents: the rows of a data set, in a file and on the wire."""

from typing import Any

from service.domain.labelled import LabelledItem


def labelled_document(one: LabelledItem) -> dict[str, Any]:
    """The item with where its label came from."""
    said, truth = one.said, one.truth
    return {
        "decision_id": one.decision_id,
        "review_task_id": one.task_id,
        "gate": one.gate,
        "policy_version": one.policy_version,
        "decided_at": one.decided_at.isoformat(),
        "item": {"text": one.item.text, "fields": dict(one.item.fields)},
        "ai_result": one.ai_result,
        "category": one.category,
        "source": one.source,
        "raw_score": one.raw_score,
        "confidence": one.confidence,
        "decision": one.zone.value,
        "panel": one.panel,
        "audit_probability": one.audit_probability,
        "guarded": one.guarded,
        "right": one.right,
        "by": one.by.value,
        "known_at": one.known_at.isoformat(),
        "case": one.case,
        "review": said
        and {
            "verdict": said.verdict.value,
            "edited_result": said.edited_result,
            "reviewer": said.reviewer,
            "at": said.at.isoformat(),
        },
        "truth": truth
        and {
            "verdict": truth.verdict.value,
            "reported_by": truth.reported_by,
            "at": truth.reported_at.isoformat(),
        },
    }
