"""Following the error as it comes, within the share of review that a contract allows.

The controller moves the share of items decided automatically, not a threshold: so the bounds on
review hold by construction, whatever the scores do. It is adaptive conformal inference (Gibbs and
Candes, arXiv 2106.00170) on the error of the automatic answers. It promises nothing by itself:
what is certified stays the least strict there is.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from service.confidence.metrics import unit_interval
from service.domain.certificate import Promise, ReviewBounds, RiskContract
from service.domain.decision import Thresholds, low_of
from service.domain.errors import InvalidInput
from service.thresholds.sample import Floats

RATE = 0.05
"""Eta: one wrong answer takes about so much off the automatic share; at alpha 1 % a hundred right
ones bring it back. On 30 streams of `experiments.streams` rates of .02, .05 and .1 cost people
9.7, 12.9 and 16.0 % of the items while nothing changed, and left an auto-error of 1.16, .86 and
.84 % where 10 % of the approvable items began to evade.
"""

WINDOW = 2_000
"""The latest items whose confidences turn a share into a threshold."""


@dataclass(frozen=True, kw_only=True)
class Controller:
    """The share of items to decide automatically, kept within the bounds on review."""

    share: float
    review: ReviewBounds
    rate: float = RATE

    @classmethod
    def starting_at(cls, share: float, review: ReviewBounds, rate: float = RATE) -> Self:
        """A controller at this share, or at the nearest that the bounds allow."""
        return cls(share=_within(share, review), review=review, rate=rate)

    def after(self, wrong: bool, *, alpha: float, weight: float = 1.0) -> Self:
        """After one audited answer of the kind that alpha limits.

        u <- clip(u - eta weight (wrong - alpha), 1 - r_max, 1 - r_min). The weight is xi pi0 / pi
        for an item audited with probability pi instead of the panel's pi0. Of the automatic
        answers alone for a limit on them; of all audited items for the system error, where one
        that went to review is not wrong.
        """
        share = self.share - self.rate * weight * (wrong - alpha)
        return replace(self, share=_within(share, self.review))


def sureness(confidence: ArrayLike, contract: RiskContract) -> Floats:
    """How sure the answer to each item is that the contract lets the gate give: the greater of c
    and 1 - c; with a limit on approvals alone c, on rejections alone 1 - c."""
    c = unit_interval(confidence)
    match tuple(contract.promises):
        case (Promise.WRONG_APPROVALS,):
            return c
        case (Promise.WRONG_REJECTIONS,):
            return 1 - c
        case _:
            return np.maximum(c, 1 - c)


def level_for(share: float, sure: Floats) -> float:
    """The least level with at most `share` of the items strictly above it."""
    if sure.size == 0:
        raise InvalidInput("A share of no items is no level.")
    above = int(share * sure.size)
    if above == sure.size:
        return 0.0
    return float(np.partition(sure, sure.size - 1 - above)[sure.size - 1 - above])


def surer_than(level: float) -> Thresholds:
    """Thresholds that decide, on both sides, whatever is strictly surer than the level."""
    level = max(level, 0.5)  # no answer is less sure, and below it the sides would cross
    return Thresholds(low=low_of(level), high=level)


def _within(share: float, review: ReviewBounds) -> float:
    return min(1 - review.min, max(1 - review.max, share))
