"""How an item ended: the verdict that counts, and who gave it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.domain.values import Json


class Verdict(StrEnum):
    """What is to become of the item."""

    APPROVE = "approve"
    REJECT = "reject"


LEANS_TO_APPROVE = 0.5
"""The confidence from which on approving is at least as likely to be right as rejecting."""


def leaning(confidence: float | None) -> Verdict | None:
    """The verdict that a confidence leans to; none where there is no confidence."""
    if confidence is None:
        return None
    return Verdict.APPROVE if confidence >= LEANS_TO_APPROVE else Verdict.REJECT


class DecidedBy(StrEnum):
    POLICY = "policy"
    HUMAN = "human"
    TIMEOUT = "timeout"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The final word on an item; final from `settles_at` on (the end of the undo window)."""

    verdict: Verdict
    by: DecidedBy
    decided_at: datetime
    settles_at: datetime
    reviewer: str | None = None
    comment: str = ""
    edited_result: Json = None

    def is_final(self, now: datetime) -> bool:
        return now >= self.settles_at


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What turned out to be right, learned later (a chargeback, an appeal)."""

    verdict: Verdict
    note: str
    reported_by: str
    reported_at: datetime
