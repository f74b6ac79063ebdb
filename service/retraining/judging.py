"""Champion against challenger on the same items: is the one better, and how surely?"""

import math
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from service.domain.outcome import LEANS_TO_APPROVE

type Floats = NDArray[np.float64]

LEVEL = 0.05
"""The chance, over all comparisons that a gate ever makes, that some challenger takes over which is
no better."""
POWER = 0.8
RESAMPLES = 10_000
SEED = 11
AT_ONCE = 2_000_000
FARTHEST = 1e-6
"""Confidences count as no nearer than this to 0 and 1, so that one item cannot weigh like many."""


def level_of(comparison: int) -> float:
    """What the n-th comparison of a gate may spend: LEVEL / (n (n + 1)), which sums to LEVEL."""
    return LEVEL / (comparison * (comparison + 1))


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A comparison on `items` labels. Losses are mean log-losses, errors are answers on the wrong
    side of 1/2. `gain` is champion's loss - challenger's, `at_least` its lower bound at `level`.

    `only_champion`, `only_challenger`: items that only the one got right; `mcnemar` is the exact
    two-sided p-value of their difference. `needed`: the labels it would take to show a gain like
    this one with probability POWER; None where there is none to show.
    """

    items: int
    champion_loss: float
    challenger_loss: float
    champion_errors: int
    challenger_errors: int
    gain: float
    at_least: float
    level: float
    only_champion: int
    only_challenger: int
    mcnemar: float
    needed: int | None

    @property
    def beats(self) -> bool:
        """Whether the challenger is better, as surely as was asked."""
        return self.at_least > 0


def judge(champion: Floats, challenger: Floats, right: Floats, *, level: float) -> Judgement:
    """Compare confidences (items,) that approving is right with the labels, 1 where it was."""
    before, after = _losses(champion, right), _losses(challenger, right)
    gains = before - after
    gain, apart = float(gains.mean()), float(gains.std(ddof=1))
    errs, erred = ((c >= LEANS_TO_APPROVE) != (right == 1) for c in (champion, challenger))
    only_challenger, only_champion = int((errs & ~erred).sum()), int((~errs & erred).sum())
    return Judgement(
        items=right.size,
        champion_loss=float(before.mean()),
        challenger_loss=float(after.mean()),
        champion_errors=int(errs.sum()),
        challenger_errors=int(erred.sum()),
        gain=gain,
        at_least=_lower_bound(gains, level),
        level=level,
        only_champion=only_champion,
        only_challenger=only_challenger,
        mcnemar=_mcnemar(only_champion, only_challenger),
        needed=_needed(gain, apart, level),
    )


def _losses(confidence: Floats, right: Floats) -> Floats:
    c = np.clip(confidence, FARTHEST, 1 - FARTHEST)
    result: Floats = -np.where(right == 1, np.log(c), np.log(1 - c))
    return result


def _lower_bound(gains: Floats, level: float) -> float:
    """The lower of two bounds on the mean: the paired bootstrap's percentile and the normal one."""
    lot = np.random.default_rng(SEED)
    rows = max(1, AT_ONCE // gains.size)
    means = np.concatenate(
        [
            gains[lot.integers(gains.size, size=(min(rows, RESAMPLES - done), gains.size))].mean(1)
            for done in range(0, RESAMPLES, rows)
        ]
    )
    error = float(gains.std(ddof=1)) / math.sqrt(gains.size)
    normal = float(gains.mean()) - NormalDist().inv_cdf(1 - level) * error
    return min(float(np.quantile(means, level)), normal)


def _mcnemar(one: int, other: int) -> float:
    """P(a fair coin is as uneven as this in so many throws)."""
    throws = one + other
    tail = sum(math.comb(throws, k) for k in range(min(one, other) + 1))
    return min(1.0, float(Fraction(2 * tail, 2**throws)))


def _needed(gain: float, apart: float, level: float) -> int | None:
    if gain <= 0 or apart == 0:
        return None
    normal = NormalDist()
    far = normal.inv_cdf(1 - level) + normal.inv_cdf(POWER)
    return math.ceil((far * apart / gain) ** 2)
