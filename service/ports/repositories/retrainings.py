"""Challengers of a gate's model, and how each was judged."""

from typing import Protocol

from service.domain.retraining import Retraining


class Retrainings(Protocol):
    def of(self, gate: str) -> list[Retraining]:
        """The gate's retrainings, newest first."""
        ...

    def add(self, retraining: Retraining) -> bool:
        """Write it; False where that challenger of that comparison is written already."""
        ...
