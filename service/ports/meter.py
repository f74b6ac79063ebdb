"""What is counted while the product works."""

from typing import Protocol

from service.domain.decision import Decision
from service.domain.delivery import Delivery


class Meter(Protocol):
    def decided(self, decision: Decision, seconds: float) -> None:
        """A decision was made and is durable; it took `seconds`."""
        ...

    def reviewed(self, gate: str, waited_seconds: float) -> None:
        """A person resolved a task that had waited so long."""
        ...

    def attempted(self, delivery: Delivery) -> None:
        """A delivery was tried; its state says how it ended."""
        ...
