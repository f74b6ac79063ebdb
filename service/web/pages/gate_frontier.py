"""The frontier of cost and error as places in a picture."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.thresholds.cost import Point
from service.usecases.insight.gate_report import CostFrontier

MOST_POINTS = 30
WIDTH, HEIGHT, LEFT, BOTTOM, MARGIN = 640, 320, 72, 48, 16


@dataclass(frozen=True)
class FrontierView:
    """The frontier as places in a picture, error to the right and cost upwards."""

    found: CostFrontier

    @property
    def points(self) -> Sequence[Point]:
        """So few that a table of them can be read; the ends among them."""
        all_points = self.found.points
        step = max(1, -(-len(all_points) // MOST_POINTS))
        last = all_points[-1:] if (len(all_points) - 1) % step else ()
        return (*all_points[::step], *last)

    @property
    def most_error(self) -> float:
        return max((p.error for p in (*self.points, self.found.now)), default=0) or 0.01

    @property
    def costs(self) -> tuple[float, float]:
        """The least and the most cost shown."""
        found = [p.cost for p in (*self.points, self.found.now)]
        return min(found), max(max(found), min(found) + 1e-9)

    def x(self, point: Point) -> float:
        return round(LEFT + (WIDTH - LEFT - MARGIN) * point.error / self.most_error, 1)

    def y(self, point: Point) -> float:
        least, most = self.costs
        up = (point.cost - least) / (most - least)
        return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - MARGIN) * up, 1)

    @property
    def line(self) -> str:
        return " ".join(f"{self.x(p)},{self.y(p)}" for p in self.points)
