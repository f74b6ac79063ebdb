"""Certificates on scores of several members: their spread counts where it tells more."""

import numpy as np
import pytest

from service.confidence.calibrators import Calibrator
from service.confidence.member_calibrator import MEMBERS, MemberCalibrator, read_calibrator
from service.domain.certificate import RiskContract, Target
from service.domain.errors import InvalidInput
from service.thresholds.certify import certify
from service.thresholds.sample import Sample

CONTRACT = RiskContract(
    target=Target.PER_SIDE, wrong_approvals=0.05, wrong_rejections=0.05, confidence=0.9
)
TRUTH = MemberCalibrator(
    log_odds=1.0, agreement=6.0, mutual_information=-4.0, mean_log_probability=0.0, shift=-3.0
)


def drawn(items: int, seed: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores and spreads, and labels that both have a part in."""
    chance = np.random.default_rng(seed)
    scores = chance.beta(0.5, 0.5, items).round(2)  # with many ties
    spreads = np.column_stack(
        [
            chance.uniform(0.5, 1, items),
            chance.uniform(0, 0.6, items),
            -chance.exponential(1, items),
        ]
    )
    return scores, spreads, chance.random(items) < TRUTH.many(scores, spreads)


def test_the_spread_is_used_where_labels_say_that_it_tells_more() -> None:
    scores, spreads, labels = drawn(3000)
    with_spread = certify(Sample.of(scores, labels, spreads=spreads), CONTRACT)
    without = certify(Sample.of(scores, labels), CONTRACT)
    assert with_spread.calibrator["kind"] == MEMBERS
    assert without.calibrator["kind"] != MEMBERS
    assert with_spread.coverage > without.coverage


def test_what_is_certified_holds_on_fresh_items() -> None:
    scores, spreads, labels = drawn(3000)
    found = certify(Sample.of(scores, labels, spreads=spreads), CONTRACT)
    fresh_scores, fresh_spreads, fresh = drawn(50_000, seed=9)
    c = read_calibrator(found.calibrator).many(fresh_scores, fresh_spreads)
    assert found.thresholds.high is not None
    assert found.thresholds.low is not None
    assert 1 - fresh[c > found.thresholds.high].mean() < 0.05
    assert fresh[c <= found.thresholds.low].mean() < 0.05


def test_the_order_of_the_items_says_nothing() -> None:
    scores, spreads, labels = drawn(600)
    lot = np.random.default_rng(1).permutation(600)
    here = Sample.of(scores, labels, spreads=spreads)
    there = Sample.of(scores[lot], labels[lot], spreads=spreads[lot])
    assert certify(here, CONTRACT) == certify(there, CONTRACT)


def test_other_spreads_are_another_sample() -> None:
    scores, spreads, labels = drawn(50)
    one, other = (Sample.of(scores, labels, spreads=some) for some in (spreads, spreads / 2))
    assert one.sha256 != other.sha256 != Sample.of(scores, labels).sha256


def test_spreads_that_do_not_pair_up_are_refused() -> None:
    scores, spreads, labels = drawn(50)
    for wrong in (spreads[:-1], spreads[:, :2]):
        with pytest.raises(InvalidInput, match="spreads"):
            Sample.of(scores, labels, spreads=wrong)


def test_too_few_labels_leave_the_identity() -> None:
    scores, spreads, _ = drawn(9)
    found = certify(Sample.of(scores, np.arange(9) < 1, spreads=spreads), CONTRACT)
    assert read_calibrator(found.calibrator) == Calibrator()
