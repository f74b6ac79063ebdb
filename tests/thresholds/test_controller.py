"""The controller follows errors within the bounds on review, and never below what is certified."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.certificate import ReviewBounds, RiskContract, Target
from service.domain.decision import Thresholds
from service.domain.errors import InvalidInput
from service.thresholds.controller import Controller, level_for, sureness, surer_than
from service.thresholds.strategies import ReviewRateRule, RewardRule, Window

BOUNDS = ReviewBounds(min=0.05, max=0.3)
JOINT = RiskContract(target=Target.AUTO_ERROR, wrong_answers=0.01)
APPROVALS = RiskContract(target=Target.PER_SIDE, wrong_approvals=0.01)
REJECTIONS = RiskContract(target=Target.PER_SIDE, wrong_rejections=0.01)

shares = st.floats(0, 1)


@given(shares, st.lists(st.tuples(st.booleans(), st.floats(0, 5)), max_size=60))
def test_the_share_stays_within_the_bounds(start: float, audited: list[tuple[bool, float]]) -> None:
    controller = Controller.starting_at(start, BOUNDS)
    for wrong, weight in audited:
        controller = controller.after(wrong, alpha=0.01, weight=weight)
        assert 0.7 <= controller.share <= 0.95


def test_an_error_takes_much_and_a_right_answer_gives_back_little() -> None:
    controller = Controller.starting_at(0.9, BOUNDS)
    after_error = controller.after(True, alpha=0.01)
    assert after_error.share == pytest.approx(0.9 - 0.05 * 0.99)
    assert after_error.after(False, alpha=0.01).share == pytest.approx(after_error.share + 0.0005)
    assert controller.after(True, alpha=0.01, weight=0.5).share == pytest.approx(0.9 - 0.02475)


@given(st.lists(shares, min_size=1, max_size=80), shares)
def test_a_level_leaves_no_more_than_its_share(values: list[float], share: float) -> None:
    sure = np.array(values)
    level = level_for(share, sure)
    assert (sure > level).sum() <= share * sure.size
    # And it is the least: any lower value of the items would let too many past.
    lower = sure[sure < level]
    if lower.size:
        assert (sure > lower.max()).sum() > int(share * sure.size)


def test_no_items_are_no_level() -> None:
    with pytest.raises(InvalidInput):
        level_for(0.5, np.array([]))


def test_how_sure_depends_on_what_may_be_automatic() -> None:
    c = [0.1, 0.5, 0.8]
    assert sureness(c, JOINT) == pytest.approx([0.9, 0.5, 0.8])
    assert sureness(c, APPROVALS) == pytest.approx(c)
    assert sureness(c, REJECTIONS) == pytest.approx([0.9, 0.5, 0.2])


@given(shares, shares, shares, st.booleans(), st.booleans())
def test_tightening_only_ever_closes(
    low: float, high: float, level: float, without_low: bool, without_high: bool
) -> None:
    if low >= high:
        low, high = 0.2, 0.8
    certified = Thresholds(low=None if without_low else low, high=None if without_high else high)
    found = certified.tightened(level)
    assert (found.low is None) == (without_low or level == 1)
    assert (found.high is None) == without_high
    assert found.low is None or found.low <= low
    assert found.high is None or found.high >= high
    assert found.high is None or found.high >= level


@given(st.lists(shares, min_size=1, max_size=80), shares)
def test_what_is_surer_than_a_level_is_no_more_than_its_share(
    confidence: list[float], share: float
) -> None:
    c = np.array(confidence)
    found = surer_than(level_for(share, sureness(c, JOINT)))
    assert found.high is not None
    decided = (c > found.high) | (c <= (-1 if found.low is None else found.low))
    assert decided.sum() <= share * c.size


def test_the_reward_rule_reviews_less_when_accuracy_falls() -> None:
    """The defect for which it is no default."""
    rule = RewardRule().after(Window(accuracy=0.99, review=0.05))
    worse = rule.after(Window(accuracy=0.90, review=0.05))
    assert (rule.low, rule.high) == (0.30, 0.85)
    assert worse.high < rule.high
    assert worse.low > rule.low
    for _ in range(200):
        worse = worse.after(Window(accuracy=0.0, review=1.0))
    assert worse.thresholds  # still thresholds, however far it was driven


def test_the_review_rate_rule_knows_only_the_workload() -> None:
    rule = ReviewRateRule(review=BOUNDS)
    assert rule.after(Window(accuracy=0.2, review=0.1)) == rule
    assert rule.after(Window(accuracy=0.2, review=0.4)).high == pytest.approx(0.84)
    assert rule.after(Window(accuracy=0.2, review=0.01)).low == pytest.approx(0.29)
    for _ in range(100):
        rule = rule.after(Window(accuracy=0.2, review=1.0))
    assert rule.thresholds == Thresholds(low=0.49, high=0.51)
