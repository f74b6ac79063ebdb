"""What people said that is right."""

from typing import Protocol

from service.domain.ids import DecisionId
from service.domain.label import Label, SharedAnswer


class Labels(Protocol):
    def add(self, label: Label) -> None: ...

    def remove(self, decision_id: DecisionId) -> None:
        """The answer was taken back."""
        ...

    def of_panel(self, gate: str) -> list[Label]:
        """The gate's panel labels, oldest first, whatever their scores came from."""
        ...

    def shared(self, gate: str) -> list[SharedAnswer]:
        """The answers to the gate's tasks that several people answered, or that somebody was unsure
        of, as they were given."""
        ...
