"""What is counted is what the gate would do, down to an item that lies on a border."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.domain.decision import Zone
from service.thresholds.certify import tallies
from service.thresholds.rules import (
    Rules,
    approving,
    as_thresholds,
    borders,
    count,
    rejecting,
    surest_first,
)

coarse = st.integers(0, 10).map(lambda tenth: tenth / 10)
items = st.lists(st.tuples(coarse, st.booleans()), min_size=1, max_size=40)
sides = st.tuples(st.none() | coarse, st.none() | coarse).filter(
    lambda pair: pair[0] is None or pair[1] is None or pair[0] < pair[1]
)
floats = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@given(items, sides)
def test_a_rule_counts_as_the_gate_decides(
    pairs: list[tuple[float, bool]], pair: tuple[float | None, float | None]
) -> None:
    low, high = (-np.inf if pair[0] is None else pair[0], np.inf if pair[1] is None else pair[1])
    thresholds = as_thresholds(low, high)
    assert (thresholds.low, thresholds.high) == pair
    c, right = (np.array(side) for side in zip(*pairs, strict=True))
    zones = [thresholds.zone(float(value))[0] for value in c]
    approved = [ok for zone, ok in zip(zones, right, strict=True) if zone is Zone.AUTO_APPROVE]
    rejected = [ok for zone, ok in zip(zones, right, strict=True) if zone is Zone.AUTO_REJECT]
    found = count(Rules(low=np.array([low]), high=np.array([high])), c, right)
    assert (found.approved[0], found.rejected[0]) == (len(approved), len(rejected))
    assert found.wrongly_approved[0] == sum(not ok for ok in approved)
    assert found.wrongly_rejected[0] == sum(bool(ok) for ok in rejected)
    approvals, rejections = tallies(thresholds, c, right)
    assert (approvals.decided, approvals.wrong) == (found.approved[0], found.wrongly_approved[0])
    assert (rejections.decided, rejections.wrong) == (found.rejected[0], found.wrongly_rejected[0])
    zone_of = {Zone.AUTO_APPROVE: 1 - c, Zone.AUTO_REJECT: c, Zone.HUMAN_REVIEW: 0 * c}
    expected = sum(zone_of[zone][place] for place, zone in enumerate(zones))
    assert np.isclose(found.expected_wrong[0], expected)


@given(floats)
def test_every_border_lies_between_two_neighbours(values: list[float]) -> None:
    distinct, found = np.unique(values), borders(np.array(values))
    assert ((distinct[:-1] <= found) & (found < distinct[1:])).all()


@given(floats, st.floats(0.1, 0.9))
def test_families_go_from_strict_to_wide_and_keep_to_their_side(
    values: list[float], meeting: float
) -> None:
    c = np.array(values)
    labels = np.ones(c.size, dtype=bool)
    approvals, rejections = approving(c, above=meeting), rejecting(c, below=meeting)
    assert approvals.high.min() >= meeting > rejections.low.max()
    for rules in (approvals, rejections, surest_first(c)):
        decided = count(rules, c, labels).decided
        assert (np.diff(decided) >= 0).all()
    assert count(approvals, c, labels).approved[-1] == (c > meeting).sum()
    assert count(rejections, c, labels).rejected[-1] == (c < meeting).sum()


@given(floats)
def test_both_sides_decide_the_surest_first(values: list[float]) -> None:
    c = np.array(values)
    rules = surest_first(c)
    for place in range(len(rules)):
        thresholds = rules.thresholds(place)
        approvals, rejections = tallies(thresholds, c, np.ones(c.size, dtype=bool))
        # A side that decides nothing here is closed: nothing is known there.
        assert (approvals.decided > 0) == (thresholds.high is not None)
        assert (rejections.decided > 0) == (thresholds.low is not None)


def test_a_side_that_is_worth_nothing_has_no_rules() -> None:
    assert len(rejecting(np.array([0.1, 0.9]), below=0.0)) == 0
