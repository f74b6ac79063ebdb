"""The three zones: nothing automatic but on the right side of an open border."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.domain.decision import Reason, Thresholds, Zone
from service.domain.errors import CrossedThresholds

APPROVE, REVIEW, REJECT = Zone.AUTO_APPROVE, Zone.HUMAN_REVIEW, Zone.AUTO_REJECT
shares = st.floats(0, 1)
sides = st.none() | shares
numbers = st.floats(allow_nan=True, allow_infinity=True)


@st.composite
def thresholds(draw: st.DrawFn) -> Thresholds:
    low, high = draw(sides), draw(sides)
    assume(low is None or high is None or low < high)
    return Thresholds(low=low, high=high)


@given(borders=thresholds(), confidence=st.none() | shares | numbers)
def test_automatic_only_beyond_an_open_border(
    borders: Thresholds, confidence: float | None
) -> None:
    zone, reason = borders.zone(confidence)
    if zone is APPROVE:
        assert borders.high is not None
        assert confidence is not None
        assert borders.high < confidence <= 1
        assert reason is Reason.ABOVE_HIGH
    elif zone is REJECT:
        assert borders.low is not None
        assert confidence is not None
        assert 0 <= confidence <= borders.low
        assert reason is Reason.BELOW_LOW
    else:
        assert reason in {Reason.BETWEEN, Reason.SCORER_FAILED}


@given(borders=thresholds(), confidence=shares)
def test_every_confidence_has_the_zone_of_the_contract(
    borders: Thresholds, confidence: float
) -> None:
    above = borders.high is not None and confidence > borders.high
    below = borders.low is not None and confidence <= borders.low
    expected = APPROVE if above else REJECT if below else REVIEW
    assert borders.zone(confidence)[0] is expected


@given(borders=thresholds(), confidence=numbers.filter(lambda c: not 0 <= c <= 1))
def test_what_is_no_confidence_is_reviewed(borders: Thresholds, confidence: float) -> None:
    assert borders.zone(confidence) == (REVIEW, Reason.SCORER_FAILED)
    assert borders.zone(math.nan) == borders.zone(None) == (REVIEW, Reason.SCORER_FAILED)


@given(borders=thresholds(), one=shares, other=shares)
def test_more_confidence_never_means_less_approval(
    borders: Thresholds, one: float, other: float
) -> None:
    order = [REJECT, REVIEW, APPROVE]
    less, more = (borders.zone(confidence)[0] for confidence in sorted((one, other)))
    assert order.index(less) <= order.index(more)


@given(confidence=shares)
def test_closed_sides_review_everything(confidence: float) -> None:
    assert Thresholds(low=None, high=None).zone(confidence) == (REVIEW, Reason.BETWEEN)


def test_the_borders_themselves() -> None:
    borders = Thresholds(low=0.1, high=0.9)
    assert borders.zone(0.9)[0] is REVIEW
    assert borders.zone(0.1)[0] is REJECT
    assert Thresholds(low=0.0, high=1.0).zone(1.0)[0] is REVIEW
    assert Thresholds(low=0.0, high=1.0).zone(0.0)[0] is REJECT


@pytest.mark.parametrize(
    ("low", "high"),
    [(0.9, 0.1), (0.5, 0.5), (-0.1, 0.5), (0.5, 1.1), (math.nan, 0.5), (0.5, math.inf)],
)
def test_crossed_or_impossible_thresholds_are_refused(low: float, high: float) -> None:
    with pytest.raises(CrossedThresholds):
        Thresholds(low=low, high=high)
