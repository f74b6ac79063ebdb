"""How often do the alarms go off though nothing has changed, and how soon when something has?

`python -m experiments.alarms` simulates both and prints a table. The figures stand beside the
limits in `service.thresholds` (shift, ecusum, ewma).
"""

import argparse
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from experiments.synthetic import draw
from service.thresholds.charts import (
    BASE_POINTS,
    ITEMS_A_POINT,
    MOST_POINTS,
    Indicator,
    charted,
)
from service.thresholds.ecusum import ErrorAlarm
from service.thresholds.ewma import Chart
from service.thresholds.shift import ITEMS_A_CHECK, KS_ALARM, PSI_ALARM, PSI_WARNING, Reference

ALPHA = 0.01
REFERENCE, CHECKS = 3_000, 40
LABELS = 5_000


def shift_alarms(references: int, chance: np.random.Generator) -> tuple[int, int, int, int]:
    """Checks of unchanged items, and how many of them each limit objects to: KS, PSI twice."""
    checks = ks = warnings = alarms = 0
    for _ in track(range(references), description="KS and PSI"):
        reference = Reference.of(draw(REFERENCE, chance).scores)
        for _ in range(CHECKS):
            found = reference.check(draw(ITEMS_A_CHECK, chance).scores)
            checks += 1
            ks += found.ks_p_value < KS_ALARM
            warnings += found.psi >= PSI_WARNING
            alarms += found.psi >= PSI_ALARM
    return checks, ks, warnings, alarms


def labels_until_error_alarm(error: float, chance: np.random.Generator, most: int) -> int | None:
    """Labels until the e-CUSUM alarms at this error; None where it does not."""
    alarm = ErrorAlarm(alpha=ALPHA)
    for label, wrong in enumerate(chance.random(most) < error, start=1):
        alarm = alarm.after(bool(wrong))
        if alarm.alarm:
            return label
    return None


def points_until_chart_alarm(chance: np.random.Generator) -> int:
    """Points until a chart of an indicator that is in control alarms all the same."""
    chart = Chart.around(0.0, 1.0)
    while not chart.alarm:
        chart = chart.after(float(chance.normal()))
    return chart.points


def leaves_its_band(share: float, chance: np.random.Generator) -> bool:
    """Whether the chart of such a share, whose usual value its first points say, ever does."""
    values = (chance.random(ITEMS_A_POINT * (BASE_POINTS + MOST_POINTS)) < share).astype(float)
    return any(point.out for point in charted(Indicator.REVIEW_SHARE, values).points)


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    runs, chance = parser.parse_args().runs, np.random.default_rng(20)
    table = Table(title=f"Alarms, {runs} runs")
    for heading in ("alarm", "while", "goes off"):
        table.add_column(heading)
    checks, *shifts = shift_alarms(runs, chance)
    names = (f"KS, p < {KS_ALARM:g}", f"PSI >= {PSI_WARNING:g}", f"PSI >= {PSI_ALARM:g}")
    for name, count in zip(names, shifts, strict=True):
        table.add_row(name, "nothing changes", f"{count} times in {checks:,} checks")
    for share in (1.0, 0.75, 0.5):
        found = repeated(runs, partial(labels_until_error_alarm, share * ALPHA, chance, LABELS))
        rate = np.mean([labels is not None for labels in found])
        told = f"in {rate:.1%} of runs within {LABELS:,} labels"
        table.add_row("e-CUSUM", f"the error is {share:g} alpha", told)
    for share in (1.5, 3.0, 5.0):
        found = repeated(runs, partial(labels_until_error_alarm, share * ALPHA, chance, 100_000))
        told = f"after {median(labels or 100_000 for labels in found):,.0f} labels (median)"
        table.add_row("e-CUSUM", f"the error is {share:g} alpha", told)
    points = repeated(runs, partial(points_until_chart_alarm, chance))
    table.add_row("EWMA", "nothing changes", f"after {np.mean(points):,.0f} points (mean)")
    for share in (0.05, 0.2):
        gone = np.mean(repeated(runs, partial(leaves_its_band, share, chance)))
        told = f"in {gone:.1%} of charts within {MOST_POINTS} points"
        table.add_row("EWMA, usual estimated", f"the share stays {share:.0%}", told)
    Console().print(table)


def repeated[T](runs: int, once: Callable[[], T]) -> list[T]:
    """What so many runs gave."""
    return [once() for _ in track(range(runs), description="runs")]


if __name__ == "__main__":
    main()
