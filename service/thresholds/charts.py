"""What a gate is watched by, as control charts over the items that it decided.

Computed anew from what is stored, oldest item first: so many observations make a point, the first
BASE_POINTS points say what is usual, and every later one moves the chart. A chart that leaves its
band is worth a look; the alarms that make a gate hold back are others (`ecusum`, `shift`).
"""

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

import numpy as np

from service.domain.outcome import LEANS_TO_APPROVE
from service.domain.recorded import RecordedItems
from service.thresholds.ewma import Chart
from service.thresholds.replay import APPROVE, REJECT, REVIEW, as_decided
from service.thresholds.sample import Floats
from service.thresholds.tally import Labels

ITEMS_A_POINT, LABELS_A_POINT = 50, 20
BASE_POINTS = 20
MOST_POINTS = 100
LEAST_DEVIATION = 1e-3
"""Of one confidence: a scorer that always says the same has a band all the same."""


class Indicator(StrEnum):
    """What is charted."""

    REVIEW_SHARE = "review_share"  # of all items, sent to people
    CONFIDENCE = "confidence"  # its mean
    OVERTURNED = "overturned"  # of those judged, where people contradict the AI's leaning
    PANEL_ERRORS = "panel_errors"  # of the panel's automatic answers, wrong


@dataclass(frozen=True, kw_only=True)
class Point:
    """An observation (the mean of so many items), where the chart stands after it, and its band."""

    observed: float
    value: float
    low: float
    high: float

    @property
    def out(self) -> bool:
        """Whether the chart is out of its band."""
        return not self.low <= self.value <= self.high


@dataclass(frozen=True, kw_only=True)
class Charted:
    """An indicator's chart: its newest points, oldest first, `a_point` observations each.

    `usual` is the mean of the first BASE_POINTS points; None while `needed` more observations are
    to come before there is a chart.
    """

    indicator: Indicator
    a_point: int
    usual: float | None
    points: tuple[Point, ...]
    needed: int

    @property
    def out(self) -> bool:
        """Whether the chart is out of its band now."""
        return bool(self.points) and self.points[-1].out


@dataclass(frozen=True, kw_only=True, eq=False)
class Observed:
    """The observations of each indicator in a batch of items, in the order of the items."""

    values: dict[Indicator, Floats]

    @classmethod
    def of(cls, items: RecordedItems) -> "Observed":
        zones, labels = as_decided(items.zones).zones, Labels.of(items)
        confidence = np.array(items.confidences, dtype=np.float64)  # None becomes NaN
        scored = ~np.isnan(confidence)
        told = scored & labels.judged
        leant = confidence >= LEANS_TO_APPROVE
        panel = labels.in_panel & (zones != REVIEW)
        wrong = np.where(zones == APPROVE, ~labels.said, (zones == REJECT) & labels.said)
        return cls(
            values={
                Indicator.REVIEW_SHARE: (zones == REVIEW).astype(np.float64),
                Indicator.CONFIDENCE: confidence[scored],
                Indicator.OVERTURNED: (leant != labels.right)[told].astype(np.float64),
                Indicator.PANEL_ERRORS: wrong[panel].astype(np.float64),
            }
        )


def charted(indicator: Indicator, values: Floats) -> Charted:
    """The chart of these observations, oldest first."""
    is_of_all = indicator in (Indicator.REVIEW_SHARE, Indicator.CONFIDENCE)
    a_point = ITEMS_A_POINT if is_of_all else LABELS_A_POINT
    means = values[: values.size // a_point * a_point].reshape(-1, a_point).mean(axis=1)
    if means.size <= BASE_POINTS:
        needed = (BASE_POINTS + 1) * a_point - values.size
        return Charted(indicator=indicator, a_point=a_point, usual=None, points=(), needed=needed)
    chart = _chart(indicator, values[: BASE_POINTS * a_point], a_point)
    points = []
    for observed in means[BASE_POINTS:].tolist():
        chart = chart.after(observed)
        low, high = chart.band
        points.append(
            Point(observed=observed, value=chart.value, low=max(low, 0.0), high=min(high, 1.0))
        )
    return Charted(
        indicator=indicator,
        a_point=a_point,
        usual=chart.mean,
        points=tuple(points[-MOST_POINTS:]),
        needed=0,
    )


def _chart(indicator: Indicator, base: Floats, a_point: int) -> Chart:
    usual = float(base.mean())
    if indicator is Indicator.CONFIDENCE:
        deviation = max(float(base.std(ddof=1)), LEAST_DEVIATION) / sqrt(a_point)
    else:
        deviation = Chart.of_share(usual, a_point).deviation
    return Chart.around(usual, deviation, deviation / sqrt(BASE_POINTS))
