"""Decisions as they were recorded, many at a time, as columns: what a policy is replayed over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.domain.decision import Spread


@dataclass(frozen=True, kw_only=True)
class Period:
    """Decisions of a gate from `since` on and before `until`, the newest `limit` of them."""

    gate: str
    since: datetime | None = None
    until: datetime | None = None
    limit: int


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordedItems:
    """Columns of equal length, one place per decision.

    `confidences` are under the calibrator of the policy of then (`versions`), `noted` those that a
    guard saw something in, `panel` those that people see whatever their score is. `right` is what
    a person said of approving, `truths` what turned out later; None where nobody said.
    """

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

    def __len__(self) -> int:
        return len(self.versions)
