"""A gate's control charts, each as places in a small picture."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.thresholds.charts import Charted, Point
from service.usecases.insight.gate_charts import GateCharts

WIDTH, HEIGHT, MARGIN = 320, 96, 8
LEAST_RANGE = 0.02
"""Of what is shown: a share that hardly moves shall not look like a storm."""


@dataclass(frozen=True)
class ChartView:
    """Time to the right, the indicator upwards; `chart` has points."""

    chart: Charted

    @property
    def now(self) -> Point:
        return self.chart.points[-1]

    @property
    def _range(self) -> tuple[float, float]:
        points = self.chart.points
        low = min(min(point.low, point.value) for point in points)
        high = max(max(point.high, point.value) for point in points)
        beyond = max(0.0, LEAST_RANGE - (high - low)) / 2
        return low - beyond, high + beyond

    def x(self, place: int) -> float:
        steps = max(1, len(self.chart.points) - 1)
        return round(MARGIN + (WIDTH - 2 * MARGIN) * place / steps, 1)

    def y(self, value: float) -> float:
        low, high = self._range
        return round(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (value - low) / (high - low), 1)

    @property
    def usual(self) -> float:
        return self.y(self.chart.usual or 0.0)

    @property
    def line(self) -> str:
        return " ".join(f"{self.x(n)},{self.y(p.value)}" for n, p in enumerate(self.chart.points))

    @property
    def band(self) -> str:
        """The band's outline: along its top, and back along its bottom."""
        top = [f"{self.x(n)},{self.y(p.high)}" for n, p in enumerate(self.chart.points)]
        bottom = [f"{self.x(n)},{self.y(p.low)}" for n, p in enumerate(self.chart.points)]
        return " ".join([*top, *reversed(bottom)])

    @property
    def outside(self) -> list[tuple[float, float]]:
        """Where the chart is out of its band."""
        return [(self.x(n), self.y(p.value)) for n, p in enumerate(self.chart.points) if p.out]


@dataclass(frozen=True, kw_only=True)
class ChartsView:
    """The control charts that there are, and those that wait for more observations."""

    found: GateCharts
    drawn: Sequence[ChartView]
    waiting: Sequence[Charted]
