"""A labelled item: what was judged, what a person said of it, and what turned out to be right."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.domain.decision import Item, Zone
from service.domain.ids import DecisionId, GateName, TaskId
from service.domain.outcome import Truth, Verdict, leaning
from service.domain.values import Json


class By(StrEnum):
    """Who says whether approving was right."""

    PANEL = "panel"  # a person, of an item that was shown whatever its score was
    REVIEW = "review"  # a person, of an item that was chosen for its score
    TRUTH = "truth"  # what was learned later; it stands above what a person said


class Case(StrEnum):
    """How the AI's suggestion turned out."""

    SUCCESS = "success"
    FAILURE = "failure"


@dataclass(frozen=True, kw_only=True)
class Said:
    """The answer that settled an item's task."""

    verdict: Verdict
    edited_result: Json
    reviewer: str
    at: datetime

    @property
    def right(self) -> bool:
        """An approval with an edit says that the AI's result was wrong."""
        return self.verdict is Verdict.APPROVE and self.edited_result is None


@dataclass(frozen=True, kw_only=True)
class LabelledItem:
    """An item with `said`, `truth`, or both. `source` is what gave `raw_score`; `guarded` items are
    those that a guard saw something in; `audit_probability` is with which active audits could draw
    the item."""

    decision_id: DecisionId
    task_id: TaskId | None
    gate: GateName
    policy_version: int
    decided_at: datetime
    item: Item
    ai_result: Json
    category: str | None
    source: str | None
    raw_score: float | None
    confidence: float | None
    zone: Zone
    panel: bool
    audit_probability: float | None
    guarded: bool
    said: Said | None
    truth: Truth | None

    @property
    def by(self) -> By:
        """Whose word `right` is."""
        if self.truth is not None:
            return By.TRUTH
        return By.PANEL if self.panel else By.REVIEW

    @property
    def right(self) -> bool:
        """Whether approving was right."""
        if self.truth is not None:
            return self.truth.verdict is Verdict.APPROVE
        return self.said is not None and self.said.right

    @property
    def known_at(self) -> datetime:
        """Since when `right` is known."""
        if self.truth is not None:
            return self.truth.reported_at
        return self.said.at if self.said else self.decided_at

    @property
    def suggested(self) -> Verdict | None:
        """What the AI would have done: what it did, or where its confidence leans; None where it
        had none."""
        match self.zone:
            case Zone.AUTO_APPROVE:
                return Verdict.APPROVE
            case Zone.AUTO_REJECT:
                return Verdict.REJECT
            case Zone.HUMAN_REVIEW:
                return leaning(self.confidence)

    @property
    def case(self) -> Case | None:
        """Whether the suggestion was right; None where there was none."""
        if self.suggested is None:
            return None
        agrees = (self.suggested is Verdict.APPROVE) == self.right
        return Case.SUCCESS if agrees else Case.FAILURE
