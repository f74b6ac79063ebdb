"""The cheapest of thresholds that are all proven: choosing among them costs no proof."""

from collections.abc import Sequence

import numpy as np

from service.domain.certificate import Costs, ReviewBounds
from service.domain.decision import Thresholds
from service.thresholds.rules import CLOSED_HIGH, CLOSED_LOW, Rules, count
from service.thresholds.sample import Flags, Floats


def cheapest_of(
    proven: Sequence[Rules],
    confidence: Floats,
    labels: Flags,
    costs: Costs,
    review: ReviewBounds,
) -> Thresholds | None:
    """The thresholds that cost least on these items, of those that leave review within bounds, or
    come nearest to them.

    `proven` has the rules of every promise, one promise a side or one for both; a side may also be
    closed, though not everything: whoever wants that needs no certificate. None where the costs
    say nothing, or nothing is proven.
    """
    if costs.wrong_approval + costs.wrong_rejection + costs.review == 0:
        return None
    rules = _together([_or_closed(one) for one in proven])
    counted, items = count(rules, confidence, labels), confidence.size
    reviewed = 1 - counted.decided / items
    cost = (
        counted.wrongly_approved * costs.wrong_approval
        + counted.wrongly_rejected * costs.wrong_rejection
    ) / items + reviewed * costs.review
    is_open = (rules.low != CLOSED_LOW) | (rules.high != CLOSED_HIGH)
    beyond = np.maximum(np.maximum(review.min - reviewed, reviewed - review.max), 0)
    if not is_open.any():
        return None
    places = np.flatnonzero(is_open & (beyond == beyond[is_open].min()))
    order = np.lexsort((counted.wrong[places], cost[places]))
    return rules.thresholds(int(places[order[0]]))


def _or_closed(rules: Rules) -> Rules:
    return Rules(low=np.append(rules.low, CLOSED_LOW), high=np.append(rules.high, CLOSED_HIGH))


def _together(proven: Sequence[Rules]) -> Rules:
    """Every rule of the one side with every rule of the other; those of one promise as they are."""
    if len(proven) == 1:
        return proven[0]
    one, other = proven
    first, second = (np.ravel(x) for x in np.indices((len(one), len(other))))
    return Rules(
        low=np.maximum(one.low[first], other.low[second]),
        high=np.minimum(one.high[first], other.high[second]),
    )
