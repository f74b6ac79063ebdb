"""A gate: a named policy with versions, saying what is judged, how surely, and who hears of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from service.domain.decision import ResumeMode, Thresholds
from service.domain.ids import AppName, GateName
from service.domain.outcome import Verdict

SIGNALS_SCORER = "signals"


@dataclass(frozen=True, kw_only=True)
class ReviewRules:
    """How people's part of the gate works."""

    deadline: timedelta = timedelta(hours=24)
    on_deadline: Verdict = Verdict.REJECT
    lease: timedelta = timedelta(minutes=5)
    undo: timedelta = timedelta(seconds=5)
    quorum: int = 1


@dataclass(frozen=True, kw_only=True)
class ResumeRules:
    """How a verdict travels when the request does not say."""

    mode: ResumeMode = ResumeMode.NONE
    app: AppName | None = None


@dataclass(frozen=True, kw_only=True)
class GatePolicy:
    """One version of a gate. `labels` is the order that logits and members follow."""

    gate: GateName
    version: int
    scorer: str
    labels: tuple[str, ...]
    approve_labels: tuple[str, ...]
    thresholds: Thresholds
    categories: Mapping[str, Thresholds] = field(default_factory=lambda: MappingProxyType({}))
    review: ReviewRules = field(default_factory=ReviewRules)
    resume: ResumeRules = field(default_factory=ResumeRules)
    apps: tuple[AppName, ...] = ()
    created_at: datetime | None = None

    def thresholds_for(self, category: str | None) -> Thresholds:
        """The category's own thresholds where it has some, else the gate's."""
        return self.categories.get(category or "", self.thresholds)
