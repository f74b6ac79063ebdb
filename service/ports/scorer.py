"""What turns an item into probabilities."""

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from service.domain.decision import Item, Reads, Score, Spread
from service.domain.values import Json


class Scorer(Protocol):
    @property
    def labels(self) -> tuple[str, ...]:
        """The labels it gives probabilities for."""
        ...

    @property
    def version(self) -> str:
        """What the answer's `model_version` will say."""
        ...

    @property
    def reads(self) -> Reads:
        """The part of an item that it reads; an item without it has no score."""
        ...

    @property
    def explains(self) -> bool:
        """Whether scoring an item's variants by the dozen is cheap enough to explain it."""
        ...

    @property
    def alternatives(self) -> Mapping[str, Sequence[Json]]:
        """For each field that it reads, the values it might have had: a number's mean, each of a
        category's known values. Empty for a reader of texts."""
        ...

    async def score(self, item: Item, *, gate: str = "", within: float = math.inf) -> Score:
        """P(label | item). The same item gets the same score in any company.

        `gate` is who asks, so that none starves another; `within` so many seconds the answer is of
        use. Raises ScorerFailed where there is no usable score, Overloaded where the queue is full
        or too slow.
        """
        ...

    def calibrate(self, raw: float, spread: Spread | None, /) -> float:
        """The calibrated P(approving is right) in [0, 1] for a raw score in [0, 1] and its spread,
        where the score has one."""
        ...

    def close(self) -> None: ...
