"""Two rules for moving thresholds that people use, to compare with. Neither keeps a promise.

They are named strategies, never the default: `experiments.streams` shows what each does when the
world changes.
"""

from dataclasses import dataclass, replace
from typing import Protocol, Self

from service.domain.certificate import ReviewBounds
from service.domain.decision import Thresholds

NARROWEST, WIDEST = 0.01, 0.49
"""How near a border comes to the end of its half of [0, 1], and to the middle."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """What was seen of the latest items, shares in [0, 1]."""

    accuracy: float
    review: float
    latency: float = 0.0


class Strategy(Protocol):
    """Thresholds that change with what is seen."""

    @property
    def thresholds(self) -> Thresholds: ...

    def after(self, window: Window) -> Self: ...


@dataclass(frozen=True, kw_only=True)
class RewardRule:
    """theta <- theta + rate (R - mean R), with R = b accuracy - g review - d latency.

    Its sign is wrong: when accuracy falls, so does R, then theta_high, and then review, just when
    more of it is needed. theta_low moves the other way, as the same rule on the other side.
    """

    low: float = 0.30
    high: float = 0.85
    rate: float = 0.1
    accuracy_weight: float = 1.0
    review_weight: float = 0.5
    latency_weight: float = 0.1
    mean: float = 0.0
    windows: int = 0

    @property
    def thresholds(self) -> Thresholds:
        return Thresholds(low=self.low, high=self.high)

    def after(self, window: Window) -> Self:
        """Moved by how far the window's reward lies above the mean of those before it."""
        reward = (
            self.accuracy_weight * window.accuracy
            - self.review_weight * window.review
            - self.latency_weight * window.latency
        )
        step = self.rate * (reward - self.mean) if self.windows else 0.0
        return replace(
            self,
            low=_lower(self.low - step),
            high=_upper(self.high + step),
            mean=(self.mean * self.windows + reward) / (self.windows + 1),
            windows=self.windows + 1,
        )


@dataclass(frozen=True, kw_only=True)
class ReviewRateRule:
    """Both borders a step wider when review is above its bounds, narrower when it is below.

    It keeps the workload and knows nothing of errors.
    """

    review: ReviewBounds
    low: float = 0.30
    high: float = 0.85
    step: float = 0.01

    @property
    def thresholds(self) -> Thresholds:
        return Thresholds(low=self.low, high=self.high)

    def after(self, window: Window) -> Self:
        """Moved one step towards the bounds, if the window lies outside them."""
        if window.review > self.review.max:
            return replace(
                self, low=_lower(self.low + self.step), high=_upper(self.high - self.step)
            )
        if window.review < self.review.min:
            return replace(
                self, low=_lower(self.low - self.step), high=_upper(self.high + self.step)
            )
        return self


def _lower(border: float) -> float:
    return min(WIDEST, max(NARROWEST, border))


def _upper(border: float) -> float:
    return 1 - _lower(1 - border)
