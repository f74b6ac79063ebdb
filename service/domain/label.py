"""A label: what a person said of an item, kept for learning."""

from dataclasses import dataclass
from datetime import datetime

from service.domain.decision import Spread
from service.domain.ids import DecisionId, GateName


@dataclass(frozen=True, kw_only=True)
class Label:
    """Whether approving was right. An approval with an edit means that the result was wrong.

    `panel` items were shown to people whatever their score was, so together they are like the
    items to come; the others were chosen for their scores, and no certificate may rest on them.
    `source` is what gave `raw_score` and `spread`: a bundle's version, or a kind of signal.
    """

    decision_id: DecisionId
    gate: GateName
    raw_score: float
    source: str
    category: str | None
    right: bool
    panel: bool
    reviewer: str
    at: datetime
    spread: Spread | None = None


@dataclass(frozen=True, kw_only=True)
class SharedAnswer:
    """What one of several people said of a decision, or one who was unsure: whether approving it as
    it is was right; None for unsure."""

    decision_id: DecisionId
    reviewer: str
    right: bool | None
