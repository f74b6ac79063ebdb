"""Charts as SVG, drawn by hand: no library, no script, readable in light and in dark."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

WIDTH, HEIGHT = 620, 340
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 14, 46
TICKS = 5

type Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Axis:
    """What an axis shows, from `low` to `high`; `per_cent`: shares, written as per cent."""

    name: str
    low: float
    high: float
    per_cent: bool = False

    def at(self, value: float) -> float:
        """The value's place between 0 and 1."""
        return (value - self.low) / ((self.high - self.low) or 1)

    def ticks(self) -> list[float]:
        """Round values inside."""
        step = (self.high - self.low) / TICKS or 1
        size = 10 ** floor(log10(step))
        step = next(size * nice for nice in (1, 2, 5, 10) if size * nice >= step * 0.99)
        first = -(-self.low // step)
        count = int((self.high - first * step) / step + 1e-9) + 1
        return [(first + number) * step for number in range(count)]

    def told(self, value: float) -> str:
        """The value in words."""
        return f"{100 * value:.3g}%" if self.per_cent else f"{value:.3g}"


def around(
    name: str, values: Sequence[float], *, per_cent: bool = False, floor_at: float | None = 0.0
) -> Axis:
    """An axis that holds the values, with a little room above."""
    low, high = min(values), max(values)
    room = (high - low or abs(high) or 1) * 0.06
    bottom = low - room if floor_at is None else min(floor_at, low)
    return Axis(name=name, low=bottom, high=high + room, per_cent=per_cent)


def lines(series: Mapping[str, Sequence[Point]], x: Axis, y: Axis, *, dots: bool = False) -> str:
    """A line for each series, by name; `dots`: its points too."""
    drawn = []
    for number, points in enumerate(series.values()):
        places = [_place(point, x, y) for point in points]
        path = " ".join(f"{across:.1f},{down:.1f}" for across, down in places)
        drawn.append(f'<polyline class="line s{number}" points="{path}"/>')
        if dots:
            drawn += [_dot(place, number, "") for place in places]
    return _framed("".join(drawn) + _legend(list(series)), x, y)


def scatter(
    groups: Mapping[str, Mapping[str, Point]], x: Axis, y: Axis, *, line: Sequence[Point] = ()
) -> str:
    """Named points in coloured groups; hovering tells the name. `line` is drawn behind them."""
    path = " ".join(f"{a:.1f},{d:.1f}" for a, d in (_place(point, x, y) for point in line))
    drawn = [f'<polyline class="line faint" points="{path}"/>'] if line else []
    for number, points in enumerate(groups.values()):
        drawn += [_dot(_place(point, x, y), number, name) for name, point in points.items()]
    return _framed("".join(drawn) + _legend(list(groups), left=False), x, y)


def bars(values: Mapping[str, float], y: Axis, *, line: float | None = None) -> str:
    """A bar for each value; `line` is a limit across them."""
    x = Axis(name="", low=0.0, high=float(len(values)))
    drawn = []
    for number, (name, value) in enumerate(values.items()):
        left, top = _place((number + 0.2, max(value, y.low)), x, y)
        right, bottom = _place((number + 0.8, y.low), x, y)
        middle = (left + right) / 2
        drawn.append(
            f'<rect class="bar s{number % 8}" x="{left:.1f}" y="{top:.1f}" '
            f'width="{right - left:.1f}" height="{bottom - top:.1f}">'
            f"<title>{escape(name)}: {y.told(value)}</title></rect>"
            f'<text class="tick" x="{middle:.1f}" y="{HEIGHT - BOTTOM + 16}" '
            f'text-anchor="middle">{escape(name)}</text>'
        )
    if line is not None:
        _, height = _place((0, line), x, y)
        drawn.append(
            f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{height:.1f}" '
            f'y2="{height:.1f}"/>'
        )
    return _framed("".join(drawn), x, y, with_x_ticks=False)


def _place(point: Point, x: Axis, y: Axis) -> Point:
    across = LEFT + x.at(point[0]) * (WIDTH - LEFT - RIGHT)
    down = TOP + (1 - y.at(point[1])) * (HEIGHT - TOP - BOTTOM)
    return across, down


def _dot(place: Point, number: int, name: str) -> str:
    title = f"<title>{escape(name)}</title>" if name else ""
    at = f'cx="{place[0]:.1f}" cy="{place[1]:.1f}"'
    return f'<circle class="dot s{number}" {at} r="4.5">{title}</circle>'


def _legend(names: Sequence[str], *, left: bool = True) -> str:
    """What each colour stands for, in the corner where curves of this kind leave room."""
    if len(names) < 2:
        return ""
    rows, anchor = [], "start" if left else "end"
    mark, word = (LEFT + 10, LEFT + 28) if left else (WIDTH - RIGHT - 14, WIDTH - RIGHT - 20)
    for number, name in enumerate(names):
        height = TOP + 14 + 17 * number
        rows.append(
            f'<rect class="bar s{number}" x="{mark}" y="{height - 9}" width="12" height="10" '
            f'rx="2"/><text class="legend" x="{word}" y="{height}" text-anchor="{anchor}">'
            f"{escape(name)}</text>"
        )
    return "".join(rows)


def _framed(inside: str, x: Axis, y: Axis, *, with_x_ticks: bool = True) -> str:
    parts = []
    for value in y.ticks():
        _, height = _place((x.low, value), x, y)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{height:.1f}" '
            f'y2="{height:.1f}"/><text class="tick" x="{LEFT - 8}" y="{height + 4:.1f}" '
            f'text-anchor="end">{y.told(value)}</text>'
        )
    for value in x.ticks() if with_x_ticks else ():
        across, _ = _place((value, y.low), x, y)
        parts.append(
            f'<text class="tick" x="{across:.1f}" y="{HEIGHT - BOTTOM + 16}" '
            f'text-anchor="middle">{x.told(value)}</text>'
        )
    middle = (HEIGHT - BOTTOM + TOP) / 2
    parts.append(
        f'<text class="axis" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" '
        f'text-anchor="middle">{escape(x.name)}</text>'
        f'<text class="axis" transform="translate(14 {middle}) rotate(-90)" '
        f'text-anchor="middle">{escape(y.name)}</text>'
    )
    told = escape(f"{y.name} by {x.name}" if x.name else y.name)
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{told}">'
        f"{''.join(parts)}{inside}</svg>"
    )
