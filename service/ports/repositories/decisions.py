"""Decisions, their outcomes, and what was learned of them later."""

from collections.abc import Sequence
from typing import Protocol

from service.domain.decision import Decision
from service.domain.ids import DecisionId
from service.domain.outcome import Outcome, Truth


class Decisions(Protocol):
    def add(self, decisions: Sequence[Decision]) -> None: ...

    def get(self, decision_id: DecisionId) -> Decision | None: ...

    def get_many(self, decision_ids: Sequence[DecisionId]) -> dict[DecisionId, Decision]: ...

    def set_outcome(self, decision_id: DecisionId, outcome: Outcome | None) -> None: ...

    def take(self, decision_id: DecisionId, run_id: str) -> str:
        """Give the verdict to a run: the first to ask keeps it. Returns the run that has it."""
        ...

    def taken_by(self, decision_id: DecisionId) -> str | None:
        """The run that has the verdict, where one has taken it."""
        ...

    def add_truth(self, decision_id: DecisionId, truth: Truth) -> None: ...

    def truths(self, decision_id: DecisionId) -> list[Truth]:
        """What was learned later, oldest first."""
        ...
