"""A policy as a JSON document: how a version is stored, compared, and read back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from service.domain.decision import ResumeMode, Thresholds
from service.domain.gate import GatePolicy, ResumeRules, ReviewRules
from service.domain.ids import AppName, GateName
from service.domain.outcome import Verdict


def document_of(policy: GatePolicy) -> dict[str, Any]:
    """The policy's content (not its name, version or date): equal documents are equal policies."""
    return {
        "scorer": policy.scorer,
        "labels": list(policy.labels),
        "approve_labels": list(policy.approve_labels),
        "thresholds": _thresholds(policy.thresholds),
        "categories": {
            name: {"thresholds": _thresholds(thresholds)}
            for name, thresholds in policy.categories.items()
        },
        "review": {
            "deadline_seconds": policy.review.deadline.total_seconds(),
            "on_deadline": policy.review.on_deadline.value,
            "lease_seconds": policy.review.lease.total_seconds(),
            "undo_seconds": policy.review.undo.total_seconds(),
            "quorum": policy.review.quorum,
        },
        "resume": {"mode": policy.resume.mode.value, "app": policy.resume.app},
        "apps": list(policy.apps),
    }


def policy_of(
    gate: GateName, version: int, document: Mapping[str, Any], created_at: datetime
) -> GatePolicy:
    """The policy that a document was written from. Raises KeyError or ValueError for another."""
    review, resume = document["review"], document["resume"]
    return GatePolicy(
        gate=gate,
        version=version,
        scorer=document["scorer"],
        labels=tuple(document["labels"]),
        approve_labels=tuple(document["approve_labels"]),
        thresholds=Thresholds(**document["thresholds"]),
        categories=MappingProxyType(
            {
                name: Thresholds(**category["thresholds"])
                for name, category in document["categories"].items()
            }
        ),
        review=ReviewRules(
            deadline=timedelta(seconds=review["deadline_seconds"]),
            on_deadline=Verdict(review["on_deadline"]),
            lease=timedelta(seconds=review["lease_seconds"]),
            undo=timedelta(seconds=review["undo_seconds"]),
            quorum=review["quorum"],
        ),
        resume=ResumeRules(mode=ResumeMode(resume["mode"]), app=resume["app"]),
        apps=tuple(AppName(app) for app in document["apps"]),
        created_at=created_at,
    )


def _thresholds(thresholds: Thresholds) -> dict[str, float | None]:
    return {"low": thresholds.low, "high": thresholds.high}
