"""With costs, the cheapest of what is proven: never wider than proven, never a bound broken."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.confidence.calibrators import Calibrator
from service.domain.certificate import Costs, ReviewBounds, RiskContract, Target
from service.thresholds.certify import certify
from service.thresholds.cost import cost_of
from service.thresholds.sample import Sample
from service.thresholds.trial import CLOSED

SIDES = RiskContract(target=Target.PER_SIDE, wrong_approvals=0.05, wrong_rejections=0.05)
JOINT = RiskContract(target=Target.AUTO_ERROR, wrong_answers=0.05)
SYSTEM = RiskContract(target=Target.SYSTEM_ERROR, wrong_answers=0.05)
CONTRACTS = [SIDES, JOINT, SYSTEM]
amounts = st.floats(0.1, 50)


def labelled(seed: int, items: int = 2_000) -> Sample:
    lot = np.random.default_rng(seed)
    right = lot.random(items) < 0.5
    scores = 1 / (1 + np.exp(-2 * (np.where(right, 1.6, -1.6) + lot.standard_normal(items))))
    return Sample.of(scores, right)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.target)
@given(seed=st.integers(0, 30), approval=amounts, review=st.floats(0.01, 2))
def test_the_cheapest_is_within_what_is_proven(
    contract: RiskContract, seed: int, approval: float, review: float
) -> None:
    # Alike for both kinds of error: the sides then meet where they do without costs.
    costs = Costs(wrong_approval=approval, wrong_rejection=approval, review_minute=review)
    sample = labelled(seed)
    widest = certify(sample, contract, calibrator=Calibrator())
    chosen = certify(sample, replace(contract, costs=costs), calibrator=Calibrator())
    assert [one.finding for one in chosen.proofs] == [one.finding for one in widest.proofs]
    low, high = chosen.thresholds.low, chosen.thresholds.high
    assert low is None or (widest.thresholds.low is not None and low <= widest.thresholds.low)
    assert high is None or (widest.thresholds.high is not None and high >= widest.thresholds.high)
    assert chosen.opens == widest.opens
    _, testing = sample.split(0)
    assert (
        cost_of(chosen.thresholds, testing.scores, testing.labels, costs).cost
        <= cost_of(widest.thresholds, testing.scores, testing.labels, costs).cost + 1e-12
    )


def test_dear_errors_are_left_to_people() -> None:
    """At 20 an error and 1/2 a review, an answer pays from 97.5 % sureness on."""
    costs = Costs(wrong_approval=20, wrong_rejection=20, review_minute=0.5)
    sample = labelled(1, 8_000)
    widest = certify(sample, JOINT)
    chosen = certify(sample, replace(JOINT, costs=costs))
    assert 0 < chosen.coverage < widest.coverage
    assert chosen.approvals.wrong / chosen.approvals.decided < 0.025


def test_the_bounds_on_review_come_first() -> None:
    costs = Costs(wrong_approval=20, wrong_rejection=20, review_minute=0.5)
    sample = labelled(1, 8_000)
    free = certify(sample, replace(JOINT, costs=costs))
    kept = certify(sample, replace(JOINT, costs=costs, review=ReviewBounds(max=0.2)))
    assert 1 - free.coverage > 0.2
    assert kept.within_review_bounds
    more = 1 - free.coverage + 0.02
    least = certify(sample, replace(JOINT, costs=costs, review=ReviewBounds(min=more)))
    assert 1 - least.coverage >= more
    never = certify(sample, replace(JOINT, costs=costs, review=ReviewBounds(max=0.0)))
    assert never.thresholds == certify(sample, JOINT).thresholds, "then as wide as is proven"


def test_costs_open_nothing_that_is_not_proven() -> None:
    costs = Costs(wrong_approval=0.01, wrong_rejection=0.01, review_minute=100)
    lot = np.random.default_rng(2)
    noise = Sample.of(lot.random(2_000), lot.random(2_000) < 0.5)
    for contract in (SIDES, JOINT):  # so few wrong of all items noise may have, if it decides few
        assert certify(noise, replace(contract, costs=costs)).thresholds == CLOSED


def test_costs_of_nothing_weigh_nothing() -> None:
    free = Costs(wrong_approval=0, wrong_rejection=0, review_minute=0, scoring=1)
    sample = labelled(3)
    assert (
        certify(sample, replace(JOINT, costs=free)).thresholds == certify(sample, JOINT).thresholds
    )
