"""What thresholds cost, and the cheapest that a contract allows.

Cost per item = (wrong approvals x their cost + wrong rejections x theirs + reviews x minutes x
cost of a minute) / items + scoring, counted on labelled items. Reviewers are taken to be right.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from service.confidence.metrics import checked
from service.domain.certificate import BadContract, Costs, RiskContract
from service.domain.decision import Thresholds
from service.thresholds.certify import tallies
from service.thresholds.rules import CLOSED_HIGH, CLOSED_LOW, Rules, as_thresholds, borders, count
from service.thresholds.sample import Floats

STEPS = 100
"""How many thresholds are tried on each side."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """Thresholds, and what they do per item: shares of all items, and the cost."""

    thresholds: Thresholds
    review: float
    wrong_approvals: float
    wrong_rejections: float
    cost: float

    @property
    def error(self) -> float:
        """The system error: the share of all items with a wrong automatic answer."""
        return self.wrong_approvals + self.wrong_rejections


def frontier(
    confidence: ArrayLike, labels: ArrayLike, contract: RiskContract, *, within: Thresholds
) -> tuple[Point, ...]:
    """The thresholds that no others beat on both cost and error, the cheapest first.

    Tried are those `within`, the certified ones, and stricter ones, a side closed among them. They
    leave review within the contract's bounds; where none does, there are none. `labels` are 1
    where approving is right. BadContract without costs.
    """
    if contract.costs is None:
        raise BadContract(
            "There are no costs to weigh.", fix="Give the contract costs, or set thresholds."
        )
    c, y = checked(confidence, labels)
    lows, highs = _tried(c, within)
    # The sides never overlap, so each threshold is counted once, and pairs are sums.
    rejecting = count(Rules(low=lows, high=np.full(lows.size, CLOSED_HIGH)), c, y == 1)
    approving = count(Rules(low=np.full(highs.size, CLOSED_LOW), high=highs), c, y == 1)
    wrong_rejections = rejecting.wrong[:, None] / c.size
    wrong_approvals = approving.wrong[None, :] / c.size
    review = 1 - (rejecting.decided[:, None] + approving.decided[None, :]) / c.size
    cost = _cost(contract.costs, wrong_approvals, wrong_rejections, review)
    bounds = contract.review
    allowed = (lows[:, None] < highs) & (review >= bounds.min) & (review <= bounds.max)
    errors = wrong_approvals + wrong_rejections
    rows, columns = np.nonzero(allowed)
    best: list[Point] = []
    for place in np.lexsort((errors[allowed], cost[allowed])):
        low, high = int(rows[place]), int(columns[place])
        if best and errors[low, high] >= best[-1].error:
            continue
        point = Point(
            thresholds=as_thresholds(float(lows[low]), float(highs[high])),
            review=float(review[low, high]),
            wrong_approvals=float(wrong_approvals[0, high]),
            wrong_rejections=float(wrong_rejections[low, 0]),
            cost=float(cost[low, high]),
        )
        best.append(point)
    return tuple(best)


def cost_of(
    thresholds: Thresholds, confidence: ArrayLike, labels: ArrayLike, costs: Costs
) -> Point:
    """What these thresholds do and cost on labelled items, shape (items,)."""
    c, y = checked(confidence, labels)
    approvals, rejections = tallies(thresholds, c, y == 1)
    wrong_approvals, wrong_rejections = approvals.wrong / c.size, rejections.wrong / c.size
    review = 1 - (approvals.decided + rejections.decided) / c.size
    return Point(
        thresholds=thresholds,
        review=review,
        wrong_approvals=wrong_approvals,
        wrong_rejections=wrong_rejections,
        cost=_cost(costs, wrong_approvals, wrong_rejections, review),
    )


def _tried(c: Floats, within: Thresholds) -> tuple[Floats, Floats]:
    """Thresholds at evenly spaced ranks no less strict than these; each side may also be closed."""
    levels = borders(c)
    lows = np.array([CLOSED_LOW])
    if within.low is not None:
        lows = np.append(_thinned(levels[levels < within.low]), [within.low, CLOSED_LOW])
    highs = np.array([CLOSED_HIGH])
    if within.high is not None:
        highs = np.append(_thinned(levels[levels > within.high]), [within.high, CLOSED_HIGH])
    return lows, highs


def _thinned(levels: Floats) -> Floats:
    places: NDArray[np.int64] = np.unique(
        np.linspace(0, levels.size - 1, min(STEPS, levels.size)).astype(np.int64)
    )
    return levels[places]


def _cost[T: (float, Floats)](
    costs: Costs, wrong_approvals: T, wrong_rejections: T, review: T
) -> T:
    return (
        wrong_approvals * costs.wrong_approval
        + wrong_rejections * costs.wrong_rejection
        + review * costs.review
        + costs.scoring
    )
