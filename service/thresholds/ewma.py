"""Control charts for what a gate is watched by: review share, mean confidence, overturned answers.

Roberts's chart (1959): z <- w x + (1 - w) z, in control while z lies within LIMIT standard
deviations of it around the mean.
"""

from dataclasses import dataclass, replace
from math import isfinite, sqrt
from typing import Self

from service.domain.errors import InvalidInput

WEIGHT = 0.1
LIMIT = 3.0
"""In control a chart alarms after 785 points on average (`python -m experiments.alarms`)."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One indicator, whose points have this mean and standard deviation while all is well.

    `error` is the standard error of the mean, where it was estimated: the band is wider by it, or
    every chart whose mean was taken a little wrong would alarm sooner or later.
    """

    mean: float
    deviation: float
    value: float
    error: float = 0.0
    points: int = 0

    @classmethod
    def around(cls, mean: float, deviation: float, error: float = 0.0) -> Self:
        """A chart that has seen nothing. InvalidInput where these are no mean and deviation."""
        if not (isfinite(mean) and isfinite(deviation) and deviation > 0):
            raise InvalidInput("A chart needs a finite mean and a deviation above 0.")
        return cls(mean=mean, deviation=deviation, value=mean, error=error)

    @classmethod
    def of_share(cls, share: float, items: int) -> Self:
        """A chart of a share counted in so many items a point."""
        return cls.around(share, sqrt(max(share * (1 - share), 1 / (4 * items)) / items))

    def after(self, point: float) -> Self:
        """After one more point."""
        value = WEIGHT * point + (1 - WEIGHT) * self.value
        return replace(self, value=value, points=self.points + 1)

    @property
    def band(self) -> tuple[float, float]:
        """Between what values the chart is in control, now."""
        settled = 1 - (1 - WEIGHT) ** (2 * self.points)
        variance = self.deviation**2 * WEIGHT / (2 - WEIGHT) * settled
        width = LIMIT * sqrt(variance + self.error**2)
        return self.mean - width, self.mean + width

    @property
    def alarm(self) -> bool:
        low, high = self.band
        return self.points > 0 and not low <= self.value <= high
