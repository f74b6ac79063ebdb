"""Which promise an item tests, and what alarms and controller make of the items."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.certificate import Promise, ReviewBounds, RiskContract, Target
from service.domain.decision import Thresholds, Zone
from service.thresholds.controller import Controller
from service.thresholds.safety.watching import Audited, controlled, error_alarms, judged

APPROVED, REJECTED, REVIEWED = Zone.AUTO_APPROVE, Zone.AUTO_REJECT, Zone.HUMAN_REVIEW
SIDES = RiskContract(target=Target.PER_SIDE, wrong_approvals=0.01, wrong_rejections=0.05)
ONE_SIDE = RiskContract(target=Target.PER_SIDE, wrong_approvals=0.01)
JOINT = RiskContract(target=Target.AUTO_ERROR, wrong_answers=0.02)
SYSTEM = RiskContract(target=Target.SYSTEM_ERROR, wrong_answers=0.02)

items = st.builds(Audited, zone=st.sampled_from(Zone), right=st.booleans())


@pytest.mark.parametrize(
    ("contract", "zone", "promise"),
    [
        (SIDES, APPROVED, Promise.WRONG_APPROVALS),
        (SIDES, REJECTED, Promise.WRONG_REJECTIONS),
        (SIDES, REVIEWED, None),
        (ONE_SIDE, REJECTED, None),
        (JOINT, APPROVED, Promise.WRONG_ANSWERS),
        (JOINT, REVIEWED, None),
        (SYSTEM, REVIEWED, Promise.WRONG_ANSWERS),
    ],
)
def test_each_target_has_its_own_items(
    contract: RiskContract, zone: Zone, promise: Promise | None
) -> None:
    assert judged(contract, Audited(zone=zone, right=True)) is promise


def test_what_people_decide_is_never_the_gates_error() -> None:
    assert not Audited(zone=REVIEWED, right=False).wrong
    assert Audited(zone=APPROVED, right=False).wrong
    assert Audited(zone=REJECTED, right=True).wrong


def test_an_alarm_stays_on_whatever_comes_after() -> None:
    bad = [Audited(zone=APPROVED, right=False)] * 20
    good = [Audited(zone=APPROVED, right=True)] * 5_000
    alarms = error_alarms(SIDES, bad + good)
    assert alarms[Promise.WRONG_APPROVALS].alarm
    assert not alarms[Promise.WRONG_REJECTIONS].alarm
    assert not error_alarms(SIDES, good)[Promise.WRONG_APPROVALS].alarm


@given(st.lists(items, max_size=60), st.floats(0, 1), st.floats(0, 0.5), st.floats(0.5, 1))
def test_the_automatic_share_stays_within_the_bounds_on_review(
    seen: list[Audited], start: float, least: float, most: float
) -> None:
    bounds = ReviewBounds(min=least, max=most)
    share = controlled(Controller.starting_at(start, bounds), SIDES, seen).share
    assert 1 - most <= share <= 1 - least


@given(st.floats(0, 1), st.floats(0, 0.49), st.floats(0.5, 1), st.floats(0, 1))
def test_a_level_makes_thresholds_stricter_and_opens_nothing(
    level: float, low: float, high: float, c: float
) -> None:
    before = Thresholds(low=low, high=high)
    after = before.tightened(level).zone(c)[0]
    assert after in (REVIEWED, before.zone(c)[0])
    if max(c, 1 - c) <= level:
        assert after is REVIEWED
    closed = Thresholds(low=None, high=None).tightened(level)
    assert closed == Thresholds(low=None, high=None)
