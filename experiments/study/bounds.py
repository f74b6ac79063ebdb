"""How often does a rule break its bound on real items? Split after split, each rule on its own.

Every item's score comes from models that have not seen it. A split by lot halves the items: one
half is certified on, the other is untouched. There a bound counts as broken where so many errors
would come about in less than one of twenty cases if it held: P(Bin(n, alpha) >= k) < .05. Of rules
that keep it, delta may truly break it, and chance shows some more, up to .05 in all.
"""

from collections.abc import Iterator, Sequence
from statistics import median

import numpy as np

from experiments.certificates import contract_for
from experiments.rivals import RIVALS
from experiments.study.policies import ALPHAS
from experiments.study.sets import Floats
from service.domain.certificate import Promise, Tally, Target
from service.domain.decision import Thresholds
from service.thresholds import binomial
from service.thresholds.certify import calibrator_for, certify, tallies
from service.thresholds.outlook import labels_needed
from service.thresholds.sample import Sample

DELTA, CHANCE = 0.10, 0.05
ALLOWED = DELTA + CHANCE
RARE_SIDE_SPLITS = 3

type Figures = dict[str, float]
type Found = dict[str, str | float | bool]


def splits(scores: Floats, labels: Floats, seeds: range) -> list[Found]:
    """Every rule at every alpha on each of these splits."""
    return [found for seed in seeds for found in _split(scores, labels, seed)]


def halves(items: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The places that are certified on, and those that stay untouched."""
    drawn = np.random.default_rng([seed, 17]).permutation(items)
    return drawn[: items // 2], drawn[items // 2 :]


def _split(scores: Floats, labels: Floats, seed: int) -> Iterator[Found]:
    certified_on, untouched = halves(labels.size, seed)
    sample = Sample.of(scores[certified_on], labels[certified_on])
    fitting, testing = sample.split(0)
    calibrator = calibrator_for(fitting)
    confidence = calibrator.many(testing.scores)
    c, right = calibrator.many(scores[untouched]), labels[untouched] == 1

    def judged(rule: str, target: Target, alpha: float, thresholds: Thresholds) -> Found:
        approvals, rejections = tallies(thresholds, c, right)
        return {
            "rule": rule,
            "target": target,
            "alpha": alpha,
            **_risks(approvals, rejections, c.size),
            "broken": _broken(target, alpha, approvals, rejections, c.size),
        }

    for alpha in ALPHAS:
        for name, rival in RIVALS.items():
            thresholds = rival(confidence, testing.labels, alpha, DELTA)
            yield judged(name, Target.AUTO_ERROR, alpha, thresholds)
        for target in Target:
            found = certify(sample, contract_for(target, alpha), calibrator=calibrator)
            yield judged(f"ours: {target}", target, alpha, found.thresholds)


def _risks(approvals: Tally, rejections: Tally, items: int) -> Figures:
    wrong, decided = approvals.wrong + rejections.wrong, approvals.decided + rejections.decided
    return {
        "auto-error": wrong / max(1, decided),
        "system error": wrong / items,
        "review": 1 - decided / items,
    }


def _broken(target: Target, alpha: float, approvals: Tally, rejections: Tally, items: int) -> bool:
    wrong, decided = approvals.wrong + rejections.wrong, approvals.decided + rejections.decided
    match target:
        case Target.PER_SIDE:
            trials = [(side.wrong, side.decided) for side in (approvals, rejections)]
        case Target.AUTO_ERROR:
            trials = [(wrong, decided)]
        case Target.SYSTEM_ERROR:
            trials = [(wrong, items)]
    return any(_too_many(errors, of, alpha) for errors, of in trials)


def _too_many(errors: int, trials: int, alpha: float) -> bool:
    """P(Bin(trials, alpha) >= errors) < CHANCE."""
    return errors > 0 and 1 - binomial.cdf(errors - 1, trials, alpha) < CHANCE


def summarised(found: Sequence[Found]) -> list[dict[str, object]]:
    """One row a rule and alpha: means over the splits, and the share of them that broke."""
    rows: list[dict[str, object]] = []
    for alpha, rule in dict.fromkeys((one["alpha"], one["rule"]) for one in found):
        of_it = [one for one in found if (one["alpha"], one["rule"]) == (alpha, rule)]
        reviews = np.array([float(one["review"]) for one in of_it])
        rows.append(
            {
                "rule": rule,
                "target": of_it[0]["target"],
                "alpha": alpha,
                "splits": len(of_it),
                **{
                    name: float(np.mean([float(one[name]) for one in of_it]))
                    for name in ("auto-error", "system error", "review")
                },
                "closed": float(np.mean(reviews == 1)),
                "broken": float(np.mean([bool(one["broken"]) for one in of_it])),
                "allowed": ALLOWED,
            }
        )
    return rows


def labels_for_the_rare_side(
    scores: Floats, labels: Floats, alpha: float, splits: int = RARE_SIDE_SPLITS
) -> int | None:
    """How many more labels the rarer side most likely needs before it opens per_side: the median
    of a few splits; 0 where it is open, None where it lies beyond what can be foretold."""
    rare = Promise.WRONG_APPROVALS if labels.mean() < 0.5 else Promise.WRONG_REJECTIONS
    contract, needed = contract_for(Target.PER_SIDE, alpha), []
    for seed in range(splits):
        places, _ = halves(labels.size, seed)
        sample = Sample.of(scores[places], labels[places])
        thresholds = certify(sample, contract).thresholds
        side = thresholds.high if rare is Promise.WRONG_APPROVALS else thresholds.low
        if side is not None:
            needed.append(0.0)
            continue
        outlooks = [one for one in labels_needed(sample, contract) if one.promise is rare]
        likely = [one.likely for one in outlooks if one.likely is not None]
        needed.append(min(likely, default=np.inf))
    middle = median(needed)
    return None if middle == np.inf else round(middle)
