"""Alarms that need no labels: have the confidences changed since the certificate?

They see every change of what comes in, and none of what it means: an attack that looks like
ordinary items passes them. On items that have not changed, 1,000 a check against a reference of
3,000, `python -m experiments.alarms --runs 300` counted in 12,000 checks no alarm of either kind
and no warning; p < 1e-4 stands for 1.2 of them.
"""

from dataclasses import dataclass
from math import exp, sqrt

import numpy as np
from numpy.typing import ArrayLike

from service.confidence.metrics import unit_interval
from service.domain.errors import InvalidInput
from service.thresholds.sample import Floats

ITEMS_A_CHECK = 1_000

KS_ALARM = 1e-4
"""The p-value of Kolmogorov and Smirnov at which to alarm."""

PSI_WARNING, PSI_ALARM = 0.1, 0.25
"""The usual limits of the population stability index."""

BINS = 10
QUANTILES = 400


@dataclass(frozen=True, kw_only=True)
class Shift:
    """How far the confidences of a check lie from the reference."""

    ks_statistic: float
    ks_p_value: float
    psi: float

    @property
    def alarm(self) -> bool:
        return self.ks_p_value < KS_ALARM or self.psi >= PSI_ALARM

    @property
    def warning(self) -> bool:
        return self.alarm or self.psi >= PSI_WARNING


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """The confidences, rising, to hold later ones against: those of the certificate's time, or
    quantiles of them, where `items` is how many they were."""

    confidence: Floats
    items: int

    @classmethod
    def of(cls, confidence: ArrayLike, items: int | None = None) -> "Reference":
        """Of the confidences themselves, or of the `quantiles` that so many items had."""
        found = np.sort(unit_interval(confidence))
        if found.size == 0:
            raise InvalidInput("Nothing can be held against no items.")
        return cls(confidence=found, items=items or found.size)

    def quantiles(self) -> list[float]:
        """At most QUANTILES of the confidences, evenly spaced, rising: enough for both measures,
        whose distance they move by half of 1 / QUANTILES at most."""
        places = np.linspace(0, self.confidence.size - 1, min(QUANTILES, self.confidence.size))
        return [float(value) for value in self.confidence[np.rint(places).astype(int)]]

    def check(self, confidence: ArrayLike) -> Shift:
        """Hold one check's items against it; about ITEMS_A_CHECK of them."""
        now = np.sort(unit_interval(confidence))
        if now.size == 0:
            raise InvalidInput("A check needs items.")
        distance = ks_statistic(self.confidence, now)
        return Shift(
            ks_statistic=distance,
            ks_p_value=ks_p_value(distance, self.items, now.size),
            psi=psi(self.confidence, now),
        )


def last_check(reference: Reference | None, recent: Floats, items: int) -> Shift | None:
    """How far the last full check's items lie from the reference; None until there is one.

    `recent` are the newest of the `items` since the certificate, newest first. Checks follow each
    other end to end: looking at every new item's own last thousand would be as many chances of a
    false alarm as there are items.
    """
    begun = items % ITEMS_A_CHECK
    last = recent[begun : begun + ITEMS_A_CHECK]
    if reference is None or last.size < ITEMS_A_CHECK:
        return None
    return reference.check(last)


def ks_statistic(one: Floats, other: Floats) -> float:
    """The largest distance between two empirical distributions, given as rising values."""
    both = np.concatenate([one, other])
    left = np.searchsorted(one, both, side="right") / one.size
    right = np.searchsorted(other, both, side="right") / other.size
    return float(np.abs(left - right).max())


def ks_p_value(distance: float, items: int, others: int) -> float:
    """P(a distance as large by chance): Kolmogorov's series with Stephens's correction (1970).

    Q(x) = 2 sum (-1)^(i-1) exp(-2 i^2 x^2) at x = (s + .12 + .11 / s) D, s^2 = n m / (n + m).
    Ties make the true one smaller.
    """
    s = sqrt(items * others / (items + others))
    x = (s + 0.12 + 0.11 / s) * distance
    if x < 0.2:  # the series does not end there, and the probability is 1 to 12 places
        return 1.0
    terms = ((1 if i % 2 else -1) * exp(-2 * i * i * x * x) for i in range(1, 101))
    return min(1.0, max(0.0, 2 * sum(terms)))


def psi(reference: Floats, now: Floats) -> float:
    """sum (q - p) ln(q / p) over BINS bins of equal mass of the reference, given rising.

    Half an item is added to every bin, so that an empty one is no infinity.
    """
    inner = reference[np.arange(1, BINS) * reference.size // BINS]
    edges = np.unique(inner)
    p = np.bincount(np.searchsorted(edges, reference, side="right"), minlength=edges.size + 1) + 0.5
    q = np.bincount(np.searchsorted(edges, now, side="right"), minlength=edges.size + 1) + 0.5
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())
