"""What happens when the world changes: error and human load, before and after, rule by rule.

`python -m experiments.streams` runs streams of 40,000 items after 3,000 labelled ones; at the
20,000th the share of approvable items triples, or some of them start to look like the others.
Reviewed items are labelled at once and rightly. Prints a table and writes reports/streams.json.

Ours holds an auto-error of 1 % (delta 10 %) within 2 to 30 % review, by a blind panel of 3 %.
Where its promises exclude each other it keeps, in this experiment, the one on review.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from experiments.synthetic import PRIOR, Floats, Items, draw
from service.confidence.calibrators import Calibrator
from service.domain.adaptation import Mode
from service.domain.certificate import Certificate, ReviewBounds, RiskContract, Target
from service.domain.decision import Thresholds
from service.thresholds.certify import certify
from service.thresholds.controller import RATE, WINDOW, Controller
from service.thresholds.ecusum import ErrorAlarm
from service.thresholds.sample import Sample
from service.thresholds.shift import ITEMS_A_CHECK, Reference
from service.thresholds.standing import (
    LABELS_TO_CERTIFY_AGAIN,
    Automatic,
    Infeasible,
    Standing,
    alarmed,
    certified,
    labelled,
    plan,
)
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

type Flags = NDArray[np.bool_]


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


class Ours:
    """Certificate, controller, alarms, safe mode, certificate again. Without a panel it learns from
    what people are asked about anyway, and never hears of an automatic answer that was wrong."""

    def __init__(
        self, calibration: Items, chance: np.random.Generator, rate: float, *, panel: bool = True
    ) -> None:
        self._chance, self._rate, self._has_panel = chance, rate, panel
        self._standing, self.alarms = Standing(), 0
        self._panel: list[tuple[float, bool]] = []
        self._raw = calibration.scores[-WINDOW:]
        self._since_check: list[Floats] = []
        self.infeasible_blocks = 0
        self._controller: Controller
        self._error_alarm: ErrorAlarm
        self._reference: Reference
        self._recent: Floats
        self._drawn = np.empty(0, dtype=np.bool_)
        self._adopt(Sample.of(calibration.scores, calibration.labels))

    def decide(self, scores: Floats) -> tuple[Flags, Flags, Flags]:
        c = self._calibrator.many(scores)
        self._raw = np.concatenate([self._raw, scores])[-WINDOW:]
        self._recent = np.concatenate([self._recent, c])[-WINDOW:]
        self._since_check.append(c)
        match plan(
            self._standing, self._certificate, self._controller, self._recent, panel_share=PANEL
        ):
            case Automatic(thresholds=thresholds, panel_share=share):
                pass
            case Infeasible(keeping_review=thresholds, panel_share=share):
                self.infeasible_blocks += 1
        approved, rejected = zones(thresholds, c)
        by_lot = self._chance.random(scores.size) < share
        self._drawn = by_lot if self._has_panel else ~(approved | rejected)
        return approved, rejected, ~(approved | rejected) | self._drawn

    def learn(self, scores: Floats, labels: Flags, approved: Flags, rejected: Flags) -> None:
        for place in np.flatnonzero(self._drawn):
            self._panel.append((float(scores[place]), bool(labels[place])))
            self._standing = labelled(self._standing)
            if approved[place] or rejected[place]:
                wrong = bool(approved[place]) != bool(labels[place])
                self._controller = self._controller.after(wrong, alpha=ALPHA)
                self._error_alarm = self._error_alarm.after(wrong)
        if self._error_alarm.alarm:
            self._alarm("errors above the limit")
        if len(self._since_check) * BLOCK >= ITEMS_A_CHECK:
            if self._reference.check(np.concatenate(self._since_check)).alarm:
                self._alarm("confidences have shifted")
            self._since_check.clear()
        after_alarm = self._standing.mode in (Mode.SAFE, Mode.INFEASIBLE)
        if after_alarm and self._standing.labels >= LABELS_TO_CERTIFY_AGAIN:
            labelled_scores, labels_given = zip(*self._panel, strict=True)
            self._adopt(Sample.of(labelled_scores, labels_given))

    def _alarm(self, cause: str) -> None:
        if self._standing.mode in (Mode.LEARNING, Mode.OPEN):
            self.alarms += 1
            self._panel.clear()
        self._standing = alarmed(self._standing, cause)

    def _adopt(self, sample: Sample) -> None:
        self._certificate: Certificate = certify(sample, CONTRACT)
        self._standing = certified(self._standing, self._certificate, sample)
        self._calibrator = Calibrator.from_json(self._certificate.calibrator)
        self._recent = self._calibrator.many(self._raw)
        self._controller = Controller.starting_at(self._certificate.coverage, BOUNDS, self._rate)
        self._error_alarm = ErrorAlarm(alpha=ALPHA)
        self._reference = Reference.of(self._calibrator.many(sample.scores))
        self._since_check.clear()


def zones(thresholds: Thresholds, c: Floats) -> tuple[Flags, Flags]:
    """What the gate's rule approves and what it rejects."""
    high = np.inf if thresholds.high is None else thresholds.high
    low = -np.inf if thresholds.low is None else thresholds.low
    return c > high, c <= low


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
        "ours": lambda: Ours(calibration, chance, rate),
        "ours, panel off": lambda: Ours(calibration, chance, rate, panel=False),
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
                infeasible=policy.infeasible_blocks * BLOCK / AFTER
                if isinstance(policy, Ours)
                else 0.0,
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
