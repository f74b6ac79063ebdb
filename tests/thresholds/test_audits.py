"""Active audits: drawn by their scores, and still an honest estimate of the errors of all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from service.domain.decision import Thresholds, Zone
from service.domain.recorded import AuditableItems
from service.thresholds.audits import audit_probability, estimate, interval

LOW, HIGH, SHARE = 0.1, 0.9, 0.05
SIDES = Thresholds(low=LOW, high=HIGH)
BOTH = (Zone.AUTO_APPROVE, Zone.AUTO_REJECT)


@given(confidence=st.floats(0, 1), low=st.floats(0, 0.5), gap=st.floats(0.01, 0.5))
def test_every_automatic_answer_may_be_drawn(confidence: float, low: float, gap: float) -> None:
    thresholds = Thresholds(low=low, high=low + gap)
    zone, _ = thresholds.zone(confidence)
    if zone is not Zone.HUMAN_REVIEW:
        chance = audit_probability(confidence, thresholds, SHARE)
        assert SHARE / 2 <= chance <= 2 * SHARE


def test_the_nearer_a_threshold_the_more_often() -> None:
    approved = [audit_probability(c, SIDES, SHARE) for c in (1.0, 0.99, 0.95, 0.9001)]
    rejected = [audit_probability(c, SIDES, SHARE) for c in (0.0, 0.01, 0.05, 0.1)]
    assert approved == sorted(approved)
    assert rejected == sorted(rejected)
    assert (approved[0], rejected[0]) == (SHARE / 2, SHARE / 2)
    assert rejected[-1] == pytest.approx(2 * SHARE)


class Population:
    """Automatic answers with confidences that mislead: the surest err as often as the others."""

    def __init__(self, items: int, error: float) -> None:
        lot = np.random.default_rng(2)
        confidence = np.where(
            lot.random(items) < 0.5, lot.uniform(0.9001, 1, items), lot.uniform(0, 0.1, items)
        )
        self.zones = [SIDES.zone(float(c))[0].value for c in confidence]
        self.chances = [audit_probability(float(c), SIDES, SHARE) for c in confidence]
        approved = np.array(self.zones) == Zone.AUTO_APPROVE
        self.wrong = lot.random(items) < error
        self.right = np.where(self.wrong, ~approved, approved)

    def audited(self, seed: int, answered: float = 1.0) -> AuditableItems:
        lot = np.random.default_rng(seed)
        drawn = lot.random(len(self.zones)) < np.array(self.chances)
        told = drawn & (lot.random(len(self.zones)) < answered)
        return AuditableItems(
            zones=self.zones,
            probabilities=self.chances,
            drawn=drawn.tolist(),
            right=[
                bool(right) if said else None for right, said in zip(self.right, told, strict=True)
            ],
        )


@pytest.mark.parametrize("answered", [1.0, 0.6])
def test_the_estimate_is_unbiased_and_its_interval_holds(answered: float) -> None:
    population = Population(4_000, 0.03)
    truth = population.wrong.mean()
    found = [estimate(population.audited(seed, answered), *BOTH) for seed in range(200)]
    values = np.array([one.value for one in found])
    assert values.mean() == pytest.approx(truth, abs=5 * values.std() / np.sqrt(len(values)))
    held = [one.low <= truth <= one.high for one in found]
    assert np.mean(held) >= 0.95
    assert all(one.answered <= one.drawn <= one.decided == 4_000 for one in found)


def test_the_plain_share_would_mislead() -> None:
    """Errors near the thresholds alone: these are drawn more often than they are there."""
    population = Population(4_000, 0.0)
    chances = np.array(population.chances)
    near = chances > np.quantile(chances, 0.9)
    population.right = np.where(near, ~population.right, population.right)
    naive, weighed = [], []
    for seed in range(100):
        items = population.audited(seed)
        told = np.array([right is not None for right in items.right])
        naive.append(near[told].mean())
        value = estimate(items, *BOTH).value
        assert value is not None
        weighed.append(value)
    assert np.mean(weighed) == pytest.approx(near.mean(), abs=0.01)
    assert np.mean(naive) > near.mean() + 0.03


def test_no_error_found_is_no_proof_of_none() -> None:
    found = estimate(Population(1_000, 0.0).audited(1), *BOTH)
    assert (found.value, found.low) == (0.0, 0.0)
    assert 3 / found.answered < found.high < 1


def test_it_is_told_where_people_do_not_keep_up() -> None:
    population = Population(2_000, 0.02)
    assert estimate(population.audited(3, 0.2), *BOTH).behind
    assert not estimate(population.audited(3, 0.8), *BOTH).behind


def test_each_side_is_told_apart_and_nothing_is_told_of_nothing() -> None:
    items = Population(2_000, 0.02).audited(3)
    sides = [estimate(items, zone) for zone in BOTH]
    assert sum(side.decided for side in sides) == 2_000
    nothing = AuditableItems(
        zones=["auto_approve"], probabilities=[0.1], drawn=[True], right=[None]
    )
    found = estimate(nothing, *BOTH)
    assert (found.drawn, found.value, found.low, found.high) == (1, None, 0.0, 1.0)
    assert estimate(nothing, Zone.AUTO_REJECT).decided == 0


@given(value=st.floats(0, 1), weights=st.lists(st.floats(2, 400), min_size=1, max_size=50))
def test_an_interval_is_one(value: float, weights: list[float]) -> None:
    low, high = interval(value, np.array(weights))
    assert 0 <= low <= value <= high <= 1


def test_without_weights_it_is_the_exact_interval() -> None:
    low, high = interval(3 / 40, np.full(40, 50.0))
    exact = binomtest(3, 40).proportion_ci(0.95, method="exact")
    assert (low, high) == pytest.approx((exact.low, exact.high))
