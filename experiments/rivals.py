"""Other ways to set thresholds, to compare with. None of them serves: see what they break or cost.

Each takes confidences, labels (1 where approving is right), alpha and delta, and gives thresholds
that decide where min(c, 1 - c) is low.
"""

from math import ceil, log2

import numpy as np
from numpy.typing import NDArray

from service.domain.decision import Thresholds
from service.thresholds import binomial
from service.thresholds.rules import Counted, Rules, count, surest_first
from service.thresholds.trial import CANDIDATES, CLOSED

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]


def fixed(confidence: Floats, labels: Flags, alpha: float, delta: float) -> Thresholds:
    """What people write down: .85 and .30, whatever the data say."""
    del confidence, labels, alpha, delta
    return Thresholds(low=0.30, high=0.85)


def naive(confidence: Floats, labels: Flags, alpha: float, delta: float) -> Thresholds:
    """The widest rule whose error on the sample is at most alpha."""
    del delta
    rules, counted = _counted(confidence, labels)
    passing = np.flatnonzero(counted.wrong <= alpha * counted.decided)
    return rules.thresholds(int(passing[-1])) if passing.size else CLOSED


def sgr(confidence: Floats, labels: Flags, alpha: float, delta: float) -> Thresholds:
    """Selection with guaranteed risk (Geifman and El-Yaniv, arXiv 1705.08500), algorithm 2: a
    binary search, each of its ceil(log2 N) steps at delta / ceil(log2 N)."""
    rules, counted = _counted(confidence, labels)
    steps = ceil(log2(len(rules)))
    strictest, widest, found = 0, len(rules) - 1, None
    for _ in range(steps):
        middle = (strictest + widest + 1) // 2
        if _bound(counted, middle, delta / steps) <= alpha:
            strictest, found = middle, middle
        else:
            widest = middle - 1
        if strictest >= widest:
            break
    return CLOSED if found is None else rules.thresholds(found)


def ltt_from_fewest(confidence: Floats, labels: Flags, alpha: float, delta: float) -> Thresholds:
    """Fixed-sequence testing that starts at the fewest trials that can pass."""
    rules, counted = _counted(confidence, labels)
    fewest = binomial.fewest_clean(alpha, delta)
    ranks = np.linspace(fewest, counted.decided[-1], CANDIDATES)
    places = np.unique(np.searchsorted(counted.decided, ranks))
    found = CLOSED
    for place in map(int, places[places < len(rules)]):
        wrong, decided = int(counted.wrong[place]), int(counted.decided[place])
        if binomial.cdf(wrong, decided, alpha) > delta:
            break
        found = rules.thresholds(place)
    return found


RIVALS = {
    "fixed .85/.30": fixed,
    "naive empirical": naive,
    "SGR": sgr,
    "LTT from the fewest": ltt_from_fewest,
}


def _counted(confidence: Floats, labels: Flags) -> tuple[Rules, Counted]:
    rules = surest_first(confidence)
    return rules, count(rules, confidence, labels)


def _bound(counted: Counted, place: int, delta: float) -> float:
    wrong, decided = int(counted.wrong[place]), int(counted.decided[place])
    return binomial.upper_bound(wrong, decided, delta) if decided else 1.0
