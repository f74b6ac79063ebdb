"""Which parts of an item a score rests on, and how much."""

from collections.abc import Sequence
from dataclasses import dataclass

LEAST_TOLD = 0.1
"""Log-odds: a part that weighs less is not worth a reviewer's time (from c = .50 to c = .525)."""
LEAST_SHARE = 0.2
"""Of the heaviest part's weight: beside it, lighter ones are noise."""
MOST_TOLD = 3


@dataclass(frozen=True, kw_only=True)
class Part:
    """A word of the text, or a field of the record, and the evidence it adds: above 0 it speaks for
    approving, below 0 for rejecting, in log-odds (natural logarithm) of the scorer's raw score.

    For a word, `start` and `end` are its place in the text; for a field both are None.
    """

    name: str
    weight: float
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """The parts in the item's order, and the scorer's version that they are true of."""

    model_version: str
    parts: tuple[Part, ...]

    @property
    def for_approving(self) -> Sequence[Part]:
        """What speaks most for approving, strongest first."""
        return self._told(1.0)

    @property
    def for_rejecting(self) -> Sequence[Part]:
        """What speaks most for rejecting, strongest first."""
        return self._told(-1.0)

    def _told(self, sign: float) -> Sequence[Part]:
        heaviest = max((abs(part.weight) for part in self.parts), default=0.0)
        least = max(LEAST_TOLD, LEAST_SHARE * heaviest)
        heavy = [part for part in self.parts if sign * part.weight >= least]
        return sorted(heavy, key=lambda part: -abs(part.weight))[:MOST_TOLD]
