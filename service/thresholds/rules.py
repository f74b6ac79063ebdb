"""Families of gate rules, from the strictest to the widest, and what each does to labelled items.

A rule is the gate's own: approve where c > high, reject where c <= low. Whatever is counted here
is counted by that rule, so that a threshold reproduces its count exactly, ties and all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.domain.decision import Thresholds
from service.thresholds.sample import Flags, Floats

CLOSED_LOW, CLOSED_HIGH = -np.inf, np.inf

type Counts = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Rules:
    """Thresholds low and high of every rule, shape (rules,); infinite where a side is closed."""

    low: Floats
    high: Floats

    def __len__(self) -> int:
        return self.low.size

    def at(self, places: NDArray[np.int64]) -> "Rules":
        """Those at these places, in this order."""
        return Rules(low=self.low[places], high=self.high[places])

    def thresholds(self, place: int) -> Thresholds:
        """One of them, as the gate reads it."""
        return as_thresholds(float(self.low[place]), float(self.high[place]))


@dataclass(frozen=True, kw_only=True, eq=False)
class Counted:
    """What every rule does to a set of items, shape (rules,) each.

    `expected_wrong` is the sum of the error probabilities that c itself gives: 1 - c for an
    approval, c for a rejection.
    """

    items: int
    approved: Counts
    wrongly_approved: Counts
    rejected: Counts
    wrongly_rejected: Counts
    expected_wrong: Floats

    @property
    def decided(self) -> Counts:
        return self.approved + self.rejected

    @property
    def wrong(self) -> Counts:
        return self.wrongly_approved + self.wrongly_rejected


def as_thresholds(low: float, high: float) -> Thresholds:
    """These two, where an infinite one is a closed side."""
    return Thresholds(
        low=None if low == CLOSED_LOW else low, high=None if high == CLOSED_HIGH else high
    )


def count(rules: Rules, confidence: Floats, labels: Flags) -> Counted:
    """What the rules do to items with these confidences and labels, in O(items log items)."""
    order = np.argsort(confidence, kind="stable")
    c, right = confidence[order], labels[order]
    rejected = np.searchsorted(c, rules.low, side="right")
    kept = np.searchsorted(c, rules.high, side="right")
    good, total_c = _running(right.astype(np.int64)), _running(c)
    items = c.size
    approved = items - kept
    return Counted(
        items=items,
        approved=approved,
        wrongly_approved=approved - (good[-1] - good[kept]),
        rejected=rejected,
        wrongly_rejected=good[rejected],
        expected_wrong=total_c[rejected] + approved - (total_c[-1] - total_c[kept]),
    )


def approving(confidence: Floats, *, above: float) -> Rules:
    """Every rule that approves some of these items and rejects none, with high from `above` up."""
    levels = borders(confidence)
    high = np.append(levels[levels > above][::-1], above)
    return Rules(low=np.full(high.size, CLOSED_LOW), high=high)


def rejecting(confidence: Floats, *, below: float) -> Rules:
    """Every rule that rejects some of these items and approves none, with low under `below`."""
    levels, widest = borders(confidence), np.nextafter(below, 0)
    low = np.append(levels[levels < widest], widest) if below > 0 else np.empty(0)
    return Rules(low=low, high=np.full(low.size, CLOSED_HIGH))


def surest_first(confidence: Floats) -> Rules:
    """Rules for both sides at once: decide where min(c, 1 - c), the answer's own error, is low.

    By Chow's rule (1970) no other choice of as many items errs less, if c is calibrated. A side on
    which a rule decides none of these items is closed in it: nothing is known there.
    """
    error = np.minimum(confidence, 1 - confidence)
    levels = np.append(borders(error), np.nextafter(0.5, 0))
    high = np.where(confidence.max(initial=0) > 1 - levels, 1 - levels, CLOSED_HIGH)
    low = np.where(confidence.min(initial=1) <= levels, levels, CLOSED_LOW)
    return Rules(low=low, high=high)


def borders(values: Floats) -> Floats:
    """Between every two neighbours among the values, one border: rising, and v <= border < v'.

    In the middle, so that a score that a later computation rounds otherwise lands on its side.
    """
    distinct = np.unique(values)
    below, above = distinct[:-1], distinct[1:]
    middle = below + (above - below) / 2
    return np.where(middle < above, middle, below)


def _running[T: np.generic](values: NDArray[T]) -> NDArray[T]:
    return np.concatenate([np.zeros(1, dtype=values.dtype), np.cumsum(values)])
