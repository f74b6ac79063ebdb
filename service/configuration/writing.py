"""A policy as a gate of the file: what `GateSection` reads, by the same keys."""

from datetime import timedelta
from typing import Any

from service.domain.certificate_document import contract_document
from service.domain.decision import Thresholds
from service.domain.gate import GatePolicy
from service.domain.gate_document import categories_document

UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}


def section_of(policy: GatePolicy) -> dict[str, Any]:
    """What would have to stand in the file for this policy, defaults included."""
    review, resume = policy.review, policy.resume
    phrases = policy.fallback.reject_containing
    rule: dict[str, Any] = (
        {"thresholds": thresholds_section(policy.thresholds)}
        if policy.contract is None
        else {"contract": contract_document(policy.contract)}
    )
    return {
        "scorer": dict(policy.by_language) or policy.scorer,
        "samples": policy.samples.value,
        "labels": list(policy.labels),
        "approve_labels": list(policy.approve_labels),
        **rule,
        "categories": categories_document(policy),
        "unknown_category": policy.unknown_category.value,
        "category_required": policy.category_required,
        "fallback": {"reject_when": {"contains": list(phrases)}} if phrases else None,
        "guards": {
            "shortest": policy.guards.shortest,
            "longest": policy.guards.longest,
            "malformed": policy.guards.malformed,
            "injection": policy.guards.injection,
            "unresolved": policy.guards.unresolved,
            "lawful": list(policy.guards.lawful),
            "novelty": policy.guards.novelty,
            "complexity": policy.guards.complexity,
        },
        "redact": policy.guards.redaction.value,
        "panel_share": policy.panel.share,
        "panel_holds": policy.panel.holds,
        "audits": {"share": policy.audits.share},
        "review": {
            "deadline": duration(review.deadline),
            "on_deadline": review.on_deadline.value,
            "lease": duration(review.lease),
            "undo": duration(review.undo),
            "quorum": review.quorum,
            "double_share": review.double_share,
        },
        "resume": {"mode": resume.mode.value, "app": resume.app},
        "apps": list(policy.apps),
    }


def thresholds_section(thresholds: Thresholds) -> dict[str, float | None]:
    return {"low": thresholds.low, "high": thresholds.high}


def duration(length: timedelta) -> str:
    """The length in the largest unit that it is two or more of, without a remainder."""
    for unit, size in UNITS.items():
        if length >= 2 * size and not length % size:
            return f"{length // size}{unit}"
    return f"{length.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"
