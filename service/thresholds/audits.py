"""Active audits: automatic answers that people judge afterwards, chosen by lot with a probability
that depends on the score and is kept with the decision.

Chosen for their scores, these items are no sample of all: each stands for as many as its
probability says (Horvitz and Thompson 1952; as a ratio, Hajek 1971). So they estimate errors, with
the most of them where errors are likely; they prove no thresholds and move no alarm. That is the
panel's part alone.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from service.domain.decision import Thresholds, Zone
from service.domain.recorded import AuditableItems
from service.thresholds.binomial import beta_quantile
from service.thresholds.sample import Flags, Floats

CONFIDENCE = 0.95
"""Of the intervals, two-sided."""

SUREST, UNSUREST = 0.5, 2.0
"""How often, in parts of the share, an answer is drawn that cannot be wrong by its confidence, and
one at the threshold."""


def audit_probability(confidence: float, thresholds: Thresholds, share: float) -> float:
    """With which probability an automatic answer is drawn: never 0 where the share is not.

    It grows with the square root of the answer's error e by its confidence, as the best allocation
    does (sqrt(e (1 - e)), Neyman 1934), from SUREST to UNSUREST times the share.
    """
    zone, _ = thresholds.zone(confidence)
    error = 1 - confidence if zone is Zone.AUTO_APPROVE else confidence
    border = 1 - (thresholds.high or 0) if zone is Zone.AUTO_APPROVE else thresholds.low or 0
    nearness = sqrt(error / border) if border > 0 else 1.0
    return share * (SUREST + (UNSUREST - SUREST) * min(1.0, nearness))


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The share of wrong ones among `decided` automatic answers: likely `value`, in [low, high]
    with CONFIDENCE, from `answered` of the `drawn` ones. `value` is None where nobody answered."""

    decided: int
    drawn: int
    answered: int
    value: float | None
    low: float
    high: float

    @property
    def behind(self) -> bool:
        """Whether people have judged less than half of what was drawn: where they cannot keep up,
        the queue hands out items of a higher risk level first, and the estimate speaks of these."""
        return 2 * self.answered < self.drawn


def estimate(items: AuditableItems, *zones: Zone) -> Estimate:
    """What the audits say of the automatic answers of these zones.

    Who was drawn and not answered is taken for like those that were; see `Estimate.behind`.
    """
    among = np.isin(np.array(items.zones, dtype=np.str_), [zone.value for zone in zones])
    drawn = among & np.array(items.drawn, dtype=np.bool_)
    answered = among & np.array([right is not None for right in items.right], dtype=np.bool_)
    decided, asked, told = (int(np.count_nonzero(chosen)) for chosen in (among, drawn, answered))
    if told == 0:
        return Estimate(decided=decided, drawn=asked, answered=0, value=None, low=0.0, high=1.0)
    weights = 1 / np.array(items.probabilities, dtype=np.float64)[answered]
    value = float(np.average(_wrong(items)[answered], weights=weights))
    low, high = interval(value, weights)
    return Estimate(decided=decided, drawn=asked, answered=told, value=value, low=low, high=high)


def interval(value: float, weights: Floats) -> tuple[float, float]:
    """Where the true share lies with CONFIDENCE: that of Clopper and Pearson, for as many items
    as would say as much without weights, (sum w)^2 / sum w^2 (Kish 1965; Korn and Graubard 1998).

    Unlike a normal interval it is none of width 0 where no error was found.
    """
    items = float(weights.sum() ** 2 / (weights**2).sum())
    errors, tail = value * items, (1 - CONFIDENCE) / 2
    clean = items - errors
    low = beta_quantile(tail, errors, clean + 1) if errors >= 1 else 0.0
    high = beta_quantile(1 - tail, errors + 1, clean) if clean >= 1 else 1.0
    return min(low, value), max(high, value)


def _wrong(items: AuditableItems) -> Flags:
    return np.array(
        [
            right is not None and right != (zone == Zone.AUTO_APPROVE)
            for zone, right in zip(items.zones, items.right, strict=True)
        ],
        dtype=np.bool_,
    )
