"""The variables that the tools give out. Every one is always there: `""` where it is unknown."""

import json
from typing import Any, assert_never

from plugin.contract.decisions import DecisionKind, DecisionResponse, Outcome
from plugin.contract.reviews import TakeResponse

NO_CONFIDENCE = -1
"""In place of a missing confidence: not every version of Dify lets a variable be null."""

Variables = dict[str, str | float | bool]


def gate_variables(
    decision: DecisionResponse, outcome: Outcome | None, ai_result: Any
) -> Variables:
    """What `confidence_gate` gives out. `outcome` is there where a review ended while it held."""
    verdict = outcome.verdict if outcome else _verdict(decision.decision)
    edit = outcome.edited_result if outcome else None
    final = ai_result if edit is None else edit
    return {
        "verdict": verdict,
        "decision": decision.decision,
        "confidence": NO_CONFIDENCE if decision.confidence is None else decision.confidence,
        "label": decision.label or "",
        "reason": decision.reason,
        "decision_id": decision.decision_id,
        "review_task_id": decision.review_task_id or "",
        "review_url": decision.review_url or "",
        "comment": (outcome.comment if outcome else None) or "",
        "edited_result": as_text(final) if verdict == "approve" else "",
    }


def review_variables(taken: TakeResponse) -> Variables:
    """What `get_review` gives out."""
    return {
        "state": taken.state,
        "verdict": taken.verdict,
        "reviewer": taken.reviewer or "",
        "comment": taken.comment or "",
        "edited_result": as_text(taken.edited_result),
    }


def as_text(value: Any) -> str:
    """A JSON value as Dify's text fields hold it: strings as they are, the rest as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _verdict(decision: DecisionKind) -> str:
    match decision:
        case "auto_approve":
            return "approve"
        case "auto_reject":
            return "reject"
        case "human_review":
            return "pending"
        case _:
            assert_never(decision)
