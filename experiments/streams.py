"""What happens when the world changes: error and human load, before and after, rule by rule.

`python -m experiments.streams` runs streams of 40,000 items after 3,000 labelled ones; at the
20,000th the share of approvable items triples, or some of them start to look like the others.
Reviewed items are labelled at once and rightly. Prints a table and writes reports/streams.json.

Ours holds an auto-error of 1 % (delta 10 %) within 2 to 30 % review, by a blind panel of 3 %, with
the code that the service runs. Where its promises exclude each other it keeps the one on errors.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from experiments.ours import Flags, Ours, zones
from experiments.synthetic import PRIOR, Floats, Items, draw
from service.confidence.calibrators import Calibrator
from service.domain.certificate import ReviewBounds, RiskContract, Target
from service.domain.decision import Thresholds
from service.thresholds.certify import certify
from service.thresholds.controller import RATE
from service.thresholds.sample import Sample
from service.thresholds.strategies import ReviewRateRule, RewardRule, Strategy
from service.thresholds.strategies import Window as Seen

BEFORE, AFTER, LAST, BLOCK, LABELS = 20_000, 20_000, 10_000, 100, 3_000
ALPHA = 0.01
BOUNDS = ReviewBounds(min=0.02, max=0.30)
CONTRACT = RiskContract(target=Target.AUTO_ERROR, wrong_answers=ALPHA, review=BOUNDS)
PANEL = 0.03
REPORT = Path("reports") / "streams.json"

CHANGES: dict[str, dict[str, float]] = {
    "none": {},
    "10 -> 30 % approvable": {"prior": 3 * PRIOR},
    "10 % evade": {"evading": 0.10},
    "25 % evade": {"evading": 0.25},
}


class Policy(Protocol):
    """Decides a block of items, then learns what it may of it."""

    def decide(self, scores: Floats) -> tuple[Flags, Flags, Flags]:
        """Which are approved, which are rejected, and which a person labels."""
        ...

    def learn(self, scores: Floats, labels: Flags, approved: Flags, rejected: Flags) -> None: ...


@dataclass(kw_only=True)
class Moving:
    """Fixed thresholds, or thresholds that a strategy moves after every 500 items."""

    strategy: Strategy | None = None
    thresholds: Thresholds = field(default_factory=lambda: Thresholds(low=0.30, high=0.85))
    calibrator: Calibrator = field(default_factory=Calibrator)
    seen: list[tuple[float, float]] = field(default_factory=list)

    def decide(self, scores: Floats) -> tuple[Flags, Flags, Flags]:
        thresholds = self.strategy.thresholds if self.strategy else self.thresholds
        approved, rejected = zones(thresholds, self.calibrator.many(scores))
        return approved, rejected, ~(approved | rejected)

    def learn(self, scores: Floats, labels: Flags, approved: Flags, rejected: Flags) -> None:
        del scores
        if self.strategy is None:
            return
        wrong = (approved & ~labels) | (rejected & labels)
        self.seen.append((1 - wrong.mean(), 1 - (approved | rejected).mean()))
        if len(self.seen) == 5:
            accuracy, review = np.mean(self.seen, axis=0)
            self.strategy = self.strategy.after(Seen(accuracy=accuracy, review=review))
            self.seen.clear()


@dataclass(frozen=True, kw_only=True)
class Run:
    """One policy on one stream: auto-error and human load, before the change and at the end."""

    policy: str
    change: str
    seed: int
    error_before: float
    load_before: float
    error: float
    load: float
    alarms_before: int
    infeasible: float


def policies(
    calibration: Items, chance: np.random.Generator, rate: float
) -> dict[str, Callable[[], Policy]]:
    """The policies to compare, each to be made afresh."""

    def static() -> Policy:
        found = certify(Sample.of(calibration.scores, calibration.labels), CONTRACT)
        return Moving(
            thresholds=found.thresholds, calibrator=Calibrator.from_json(found.calibrator)
        )

    return {
        "fixed .85/.30": Moving,
        "reward rule": lambda: Moving(strategy=RewardRule()),
        "review-rate rule": lambda: Moving(strategy=ReviewRateRule(review=BOUNDS)),
        "static certificate": static,
        "ours": lambda: Ours(calibration, CONTRACT, chance, panel=PANEL, rate=rate),
        "ours, panel off": lambda: Ours(calibration, CONTRACT, chance, panel=0.0, rate=rate),
    }


def run(seed: int, change: str, rate: float = RATE) -> list[Run]:
    """Every policy on the stream of this seed."""
    chance = np.random.default_rng([seed, 11])
    calibration = draw(LABELS, chance)
    parts = draw(BEFORE, chance), draw(AFTER, chance, **CHANGES[change])
    scores = np.concatenate([part.scores for part in parts])
    labels = np.concatenate([part.labels for part in parts]) == 1
    runs = []
    for name, make in policies(calibration, chance, rate).items():
        policy, automatic, wrong, seen = make(), [], [], []
        alarms_before = 0
        for start in range(0, scores.size, BLOCK):
            now = slice(start, start + BLOCK)
            if start == BEFORE and isinstance(policy, Ours):
                alarms_before = policy.alarms
            approved, rejected, by_people = policy.decide(scores[now])
            policy.learn(scores[now], labels[now], approved, rejected)
            automatic.append(approved | rejected)
            wrong.append((approved & ~labels[now]) | (rejected & labels[now]))
            seen.append(by_people)
        auto, errs, load = (np.concatenate(part) for part in (automatic, wrong, seen))
        first, last = slice(BEFORE - LAST, BEFORE), slice(-LAST, None)
        runs.append(
            Run(
                policy=name,
                change=change,
                seed=seed,
                error_before=float(errs[first].sum() / max(1, auto[first].sum())),
                load_before=float(load[first].mean()),
                error=float(errs[last].sum() / max(1, auto[last].sum())),
                load=float(load[last].mean()),
                alarms_before=alarms_before,
                infeasible=policy.infeasible_items / AFTER if isinstance(policy, Ours) else 0.0,
            )
        )
    return runs


def table_of(runs: list[Run], change: str) -> Table:
    """The means over the seeds, in per cent; `kept` is the share of seeds that end under alpha."""
    seeds = len({found.seed for found in runs})
    table = Table(
        title=f"{change}: {LAST:,} items before and at the end, {seeds} seeds, in per cent"
    )
    for heading in ("policy", "error", "load", "error", "load", "kept", "infeasible"):
        left = heading == "policy"
        table.add_column(heading, justify="left" if left else "right", no_wrap=left)
    for name in dict.fromkeys(found.policy for found in runs):
        of_it = [found for found in runs if found.policy == name and found.change == change]
        figures = ("error_before", "load_before", "error", "load")
        means = [100 * np.mean([getattr(found, figure) for found in of_it]) for figure in figures]
        kept = 100 * np.mean([found.error < ALPHA for found in of_it])
        infeasible = 100 * np.mean([found.infeasible for found in of_it])
        table.add_row(name, *map("{:.2f}".format, means), f"{kept:.0f}", f"{infeasible:.0f}")
    return table


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--rate", type=float, default=RATE)
    given = parser.parse_args()
    console, runs = Console(), []
    for change in CHANGES:
        for seed in track(range(given.seeds), description=change, console=console):
            runs += run(seed, change, given.rate)
        console.print(table_of([found for found in runs if found.change == change], change))
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps([asdict(found) for found in runs], indent=1), encoding="utf-8")
    console.print(f"Written to {REPORT}")


if __name__ == "__main__":
    main()
