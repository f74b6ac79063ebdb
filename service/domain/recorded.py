"""Decisions as they were recorded, many at a time, as columns: what a policy is replayed over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.domain.decision import Spread
from service.domain.ids import DecisionId


@dataclass(frozen=True, kw_only=True)
class Period:
    """Decisions of a gate from `since` on and before `until`, the newest `limit` of them, with the
    judgements of the gate's shadow of that number."""

    gate: str
    since: datetime | None = None
    until: datetime | None = None
    limit: int
    shadow: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class AuditableItems:
    """Automatic answers that active audits could draw, as columns: with which probability, whether
    they did, and what was then said of approving (None where nobody said)."""

    zones: Sequence[str]
    probabilities: Sequence[float]
    drawn: Sequence[bool]
    right: Sequence[bool | None]


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordedItems:
    """Columns of equal length, one place per decision.

    `confidences` are under the calibrator of the policy of then (`versions`), `noted` those that a
    guard saw something in, `panel` those that people see whatever their score is. `right` is what
    a person said of approving, `truths` what turned out later; None where nobody said. `judged` are
    the zones by the period's shadow; None where it did not judge.
    """

    ids: Sequence[DecisionId]
    versions: Sequence[int]
    categories: Sequence[str | None]
    sources: Sequence[str | None]
    raw_scores: Sequence[float | None]
    spreads: Sequence[Spread | None]
    confidences: Sequence[float | None]
    zones: Sequence[str]
    reasons: Sequence[str]
    noted: Sequence[bool]
    panel: Sequence[bool]
    right: Sequence[bool | None]
    truths: Sequence[bool | None]
    judged: Sequence[str | None]

    def __len__(self) -> int:
        return len(self.versions)
