"""How often do certified thresholds break their bound, and how much do they leave to people?

`python -m experiments.certificates` draws the made-up gate of `synthetic` again and again, sets
thresholds by our three targets and by their rivals, and takes every rule's true risk from 200,000
items. A bound may break in a share delta of the draws. Prints a table and writes
reports/certificates.json.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import inf, sqrt
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from experiments.rivals import RIVALS
from experiments.synthetic import Floats, draw
from service.confidence.calibrators import AnyCalibrator
from service.domain.certificate import Promise, RiskContract, Target
from service.domain.decision import Thresholds
from service.thresholds.certify import calibrator_for, certify
from service.thresholds.outlook import labels_needed
from service.thresholds.sample import Sample

LABELS = 2_000
TRUTH = 200_000
TRUTH_SEED = 7
ALPHAS = (0.01, 0.02, 0.05)
CONFIDENCE = 0.9
OUTLOOKS = 20
"""Draws whose outlook on the rare side is asked for: it takes longer than a certificate."""

REPORT = Path("reports") / "certificates.json"


@dataclass(frozen=True, kw_only=True)
class Risks:
    """What thresholds truly do, each a share; the errors of a side are of that side's answers."""

    auto_error: float
    system_error: float
    wrong_approvals: float
    wrong_rejections: float
    review: float

    def broken(self, target: Target, alpha: float) -> bool:
        """Whether the promise of this target does not hold."""
        match target:
            case Target.PER_SIDE:
                return max(self.wrong_approvals, self.wrong_rejections) > alpha
            case Target.AUTO_ERROR:
                return self.auto_error > alpha
            case Target.SYSTEM_ERROR:
                return self.system_error > alpha


@dataclass(frozen=True, kw_only=True)
class Row:
    """One rule at one alpha: means over all draws, `review_error` the standard error of one."""

    rule: str
    target: Target
    alpha: float
    draws: int
    auto_error: float
    system_error: float
    review: float
    review_error: float
    closed: float
    broken: float
    allowed: float


class Truth:
    """Items enough to know a rule's risk to within a few thousandths of a per cent."""

    def __init__(self, items: int = TRUTH) -> None:
        drawn = draw(items, np.random.default_rng(TRUTH_SEED))
        order = np.argsort(drawn.scores)
        self._scores = drawn.scores[order]
        self._good = np.concatenate([[0], np.cumsum(drawn.labels[order])])

    def risks(self, thresholds: Thresholds, calibrator: AnyCalibrator) -> Risks:
        """The risk of thresholds on calibrator(score)."""
        c, good = calibrator.many(self._scores), self._good
        low = np.searchsorted(c, -1.0 if thresholds.low is None else thresholds.low, "right")
        high = np.searchsorted(c, 2.0 if thresholds.high is None else thresholds.high, "right")
        approved, rejected = c.size - int(high), int(low)
        wrongly_approved, wrongly_rejected = approved - (good[-1] - good[high]), good[low]
        wrong = float(wrongly_approved + wrongly_rejected)
        return Risks(
            auto_error=wrong / max(1, approved + rejected),
            system_error=wrong / c.size,
            wrong_approvals=float(wrongly_approved) / max(1, approved),
            wrong_rejections=float(wrongly_rejected) / max(1, rejected),
            review=float(1 - (approved + rejected) / c.size),
        )


def contract_for(target: Target, alpha: float) -> RiskContract:
    """A contract with one alpha for everything it promises."""
    if target is Target.PER_SIDE:
        return RiskContract(
            target=target, wrong_approvals=alpha, wrong_rejections=alpha, confidence=CONFIDENCE
        )
    return RiskContract(target=target, wrong_answers=alpha, confidence=CONFIDENCE)


def outcomes(draws: range, alpha: float, truth: Truth) -> Iterator[tuple[str, Target, Risks]]:
    """Every rule on every draw: its name, the target it is judged on, and what it truly does."""
    for seed in draws:
        drawn = draw(LABELS, np.random.default_rng(seed))
        sample = Sample.of(drawn.scores, drawn.labels)
        fitting, testing = sample.split(0)
        calibrator = calibrator_for(fitting)
        confidence: Floats = calibrator.many(testing.scores)
        for name, rival in RIVALS.items():
            thresholds = rival(confidence, testing.labels, alpha, 1 - CONFIDENCE)
            yield name, Target.AUTO_ERROR, truth.risks(thresholds, calibrator)
        for target in Target:
            found = certify(sample, contract_for(target, alpha), calibrator=calibrator)
            yield f"ours: {target}", target, truth.risks(found.thresholds, calibrator)


def summarised(found: list[tuple[str, Target, Risks]], alpha: float) -> list[Row]:
    """One row a rule. `allowed` is delta and two standard errors of a share of so many draws."""
    delta, rows = 1 - CONFIDENCE, []
    for rule, target in dict.fromkeys((rule, target) for rule, target, _ in found):
        risks = [risk for name, _, risk in found if name == rule]
        reviews = np.array([risk.review for risk in risks])
        rows.append(
            Row(
                rule=rule,
                target=target,
                alpha=alpha,
                draws=len(risks),
                auto_error=float(np.mean([risk.auto_error for risk in risks])),
                system_error=float(np.mean([risk.system_error for risk in risks])),
                review=float(reviews.mean()),
                review_error=float(reviews.std() / sqrt(len(risks))),
                closed=float(np.mean(reviews == 1)),
                broken=float(np.mean([risk.broken(target, alpha) for risk in risks])),
                allowed=delta + 2 * sqrt(delta * (1 - delta) / len(risks)),
            )
        )
    return rows


def labels_for_the_rare_side(draws: int, alpha: float) -> int | None:
    """How many more labels the approvals, one item in ten, most likely need: the median draw's.

    None where the first opening of that side lies beyond what can be foretold.
    """
    contract, needed = contract_for(Target.PER_SIDE, alpha), []
    for seed in range(draws):
        drawn = draw(LABELS, np.random.default_rng(seed))
        outlooks = labels_needed(Sample.of(drawn.scores, drawn.labels), contract)
        rare = [it.likely for it in outlooks if it.promise is Promise.WRONG_APPROVALS]
        needed.append(min((likely for likely in rare if likely is not None), default=inf))
    middle = median(needed)
    return None if middle == inf else round(middle)


def table_of(rows: list[Row]) -> Table:
    """The rows of one alpha as a table, in per cent."""
    first = rows[0]
    table = Table(
        title=f"alpha {first.alpha:.0%}, delta {1 - CONFIDENCE:.0%}, {LABELS:,} labels, "
        f"{first.draws} draws, in per cent",
        caption=f"A rule that keeps its promise breaks it in {100 * first.allowed:.1f} at most.",
    )
    for heading in ("rule", "auto-error", "system", "review", "closed", "broken"):
        table.add_column(heading, justify="left" if heading == "rule" else "right", no_wrap=True)
    for row in rows:
        table.add_row(
            row.rule,
            *(f"{100 * share:.2f}" for share in (row.auto_error, row.system_error)),
            f"{100 * row.review:.1f} ± {100 * row.review_error:.1f}",
            *(f"{100 * share:.1f}" for share in (row.closed, row.broken)),
        )
    return table


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=200)
    draws = parser.parse_args().draws
    console, truth, rows = Console(), Truth(), []
    for alpha in ALPHAS:
        seeds = track(range(draws), description=f"alpha {alpha:.0%}", console=console)
        found = [row for seed in seeds for row in outcomes(range(seed, seed + 1), alpha, truth)]
        rows += summarised(found, alpha)
        console.print(table_of(rows[-len(RIVALS) - len(Target) :]))
        missing = labels_for_the_rare_side(min(draws, OUTLOOKS), alpha)
        told = "more than can be foretold" if missing is None else f"about {missing:,} more labels"
        console.print(f"per_side: to open approvals, the rare side, takes {told}.\n")
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")
    console.print(f"Written to {REPORT}")


if __name__ == "__main__":
    main()
