"""The cheapest thresholds the contract allows, and what less error would cost."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from experiments.synthetic import draw
from service.domain.certificate import BadContract, Costs, ReviewBounds, RiskContract, Target
from service.domain.decision import Thresholds
from service.domain.errors import InvalidInput
from service.thresholds.cost import Point, cost_of, frontier

COSTS = Costs(wrong_approval=10, wrong_rejection=2, review_minute=0.5, minutes_per_review=2)
ANYTHING = Thresholds(low=0.5, high=0.500001)


def a_contract(costs: Costs | None = COSTS, **review: float) -> RiskContract:
    bounds = ReviewBounds(**review)
    return RiskContract(target=Target.AUTO_ERROR, wrong_answers=0.01, review=bounds, costs=costs)


def cheapest(
    confidence: ArrayLike, labels: ArrayLike, contract: RiskContract, *, within: Thresholds
) -> Point | None:
    """The beginning of the frontier; None where the contract's bounds leave none."""
    points = frontier(confidence, labels, contract, within=within)
    return points[0] if points else None


coarse = st.integers(0, 10).map(lambda tenth: tenth / 10)
items = st.lists(st.tuples(coarse, st.integers(0, 1)), min_size=1, max_size=12)


@given(items)
def test_nothing_cheaper_exists(pairs: list[tuple[float, int]]) -> None:
    """Against every pair of thresholds that decides anything differently."""
    confidence, labels = zip(*pairs, strict=True)
    found = cheapest(confidence, labels, a_contract(), within=ANYTHING)
    assert found is not None
    lows = [None, *(step / 20 for step in range(1, 10, 2)), 0.5]
    highs = [None, *(step / 20 for step in range(11, 20, 2)), 0.500001]
    every = [
        cost_of(Thresholds(low=low, high=high), confidence, labels, COSTS).cost
        for low, high in product(lows, highs)
    ]
    assert found.cost == pytest.approx(min(every))


@given(items, st.floats(0, 0.5), st.floats(0.5, 1))
def test_the_frontier_is_that(pairs: list[tuple[float, int]], least: float, most: float) -> None:
    confidence, labels = zip(*pairs, strict=True)
    contract = a_contract(min=least, max=most)
    points = frontier(confidence, labels, contract, within=ANYTHING)
    costs, errors = [point.cost for point in points], [point.error for point in points]
    assert costs == sorted(costs)
    assert errors == sorted(errors, reverse=True)
    assert len(set(errors)) == len(errors)
    for point in points:
        assert least <= point.review <= most
        again = cost_of(point.thresholds, confidence, labels, COSTS)
        assert (again.cost, again.error) == pytest.approx((point.cost, point.error))


def synthetic(seed: int = 1) -> tuple[Any, Any]:
    drawn = draw(20_000, np.random.default_rng(seed))
    return drawn.scores, drawn.labels


def test_never_wider_than_certified() -> None:
    confidence, labels = synthetic()
    cheap = Costs(wrong_approval=0, wrong_rejection=0, review_minute=1)
    within = Thresholds(low=0.1, high=0.9)
    found = cheapest(confidence, labels, a_contract(cheap), within=within)
    assert found is not None
    assert found.review == cost_of(within, confidence, labels, cheap).review
    closed = Thresholds(low=None, high=0.9)
    for point in frontier(confidence, labels, a_contract(), within=closed):
        assert point.thresholds.low is None
        assert point.thresholds.high is None or point.thresholds.high >= 0.9


def test_the_dearer_the_errors_the_stricter_the_thresholds() -> None:
    confidence, labels = synthetic()
    reviews = []
    for price in (1, 10, 100, 10_000):
        costs = Costs(wrong_approval=price, wrong_rejection=price, review_minute=0.1)
        found = cheapest(confidence, labels, a_contract(costs), within=ANYTHING)
        assert found is not None
        reviews.append(found.review)
    assert reviews == sorted(reviews)
    assert reviews[-1] > reviews[0]


def test_bounds_on_review_that_nothing_meets_leave_nothing() -> None:
    confidence, labels = synthetic()
    strict = Thresholds(low=None, high=0.99999)
    assert cheapest(confidence, labels, a_contract(max=0.3), within=strict) is None
    assert frontier(confidence, labels, a_contract(max=0.3), within=strict) == ()


def test_what_it_costs_in_full() -> None:
    """One of four approved wrongly, one of four reviewed: (10 + 1) / 4 and the scoring."""
    costs = Costs(
        wrong_approval=10, wrong_rejection=2, review_minute=0.5, minutes_per_review=2, scoring=0.01
    )
    thresholds = Thresholds(low=0.1, high=0.9)
    found = cost_of(thresholds, [0.95, 0.95, 0.5, 0.05], [1, 0, 1, 0], costs)
    assert found.cost == pytest.approx(11 / 4 + 0.01)
    assert (found.review, found.error) == (0.25, 0.25)


def test_no_costs_no_optimum() -> None:
    with pytest.raises(BadContract, match="costs"):
        cheapest([0.5], [1], a_contract(None), within=ANYTHING)
    with pytest.raises(InvalidInput):
        cheapest([np.nan], [1], a_contract(), within=ANYTHING)
