"""What a gate asks of people in a day, and what follows where they cannot do so much."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from service.domain.adaptation import Mode
from service.domain.certificate import ReviewBounds
from service.domain.decision import Zone
from service.domain.gate import GatePolicy, PanelRules
from service.thresholds.controller import WINDOW
from service.thresholds.workload import Workload
from service.usecases.certification.drift_monitor import Watcher
from tests.usecases.acting import ask
from tests.usecases.certification.test_certify import EARNING, sample
from tests.usecases.certification.test_watch import CONTRACT, Gate
from tests.usecases.conftest import POLICY, House

DAY = 86_400


@pytest.fixture
def gate(house: House) -> Gate:
    return Gate(house)


def watcher(house: House) -> Watcher:
    return Watcher(
        store=house.store,
        gates=house.gates,
        bus=house.bus,
        clock=house.clock,
        meter=house.metrics,
    )


def load(gate: Gate) -> Workload:
    found = gate.watcher.workload(gate.policy)
    assert found
    return found


def with_capacity(gate: Gate, capacity: int) -> GatePolicy:
    """The gate with so many reviews a day in its contract; what it has earned stays."""
    contract = replace(CONTRACT, reviews_a_day=capacity)
    gate.house.gates.adopt(
        [replace(gate.policy, contract=contract, certified={}, adapted=None)],
        gate.house.clock.now(),
    )
    assert gate.policy.certified
    return gate.policy


@given(
    least=st.floats(0, 1),
    most=st.floats(0, 1),
    items=st.floats(0, 1e9),
    capacity=st.none() | st.integers(1, 10**6),
    answers=st.integers(1, 9),
)
def test_capacity_only_ever_narrows_the_bounds(
    least: float, most: float, items: float, capacity: int | None, answers: int
) -> None:
    review = ReviewBounds(min=min(least, most), max=max(least, most))
    asked = Workload(items_a_day=items, share=1.0, answers=answers, capacity=capacity)
    bounds = asked.within(review)
    assert bounds.min == review.min
    assert review.min <= bounds.max <= review.max
    if capacity is not None and bounds.max > review.min:
        assert bounds.max * items * answers <= capacity * (1 + 1e-9)


def test_nothing_is_told_before_a_day_of_traffic(house: House, gate: Gate) -> None:
    assert gate.watcher.workload(gate.policy) is None
    house.clock.forward(seconds=DAY - 1)
    assert gate.watcher.workload(gate.policy) is None
    house.clock.forward(seconds=1)
    assert load(gate).items_a_day == pytest.approx(1)


def test_the_pace_is_that_of_the_last_week(house: House, gate: Gate) -> None:
    house.clock.forward(seconds=30 * DAY)
    gate.receive(sample(700, seed=3))
    found = load(gate)
    assert found.items_a_day == pytest.approx(100)
    zones = [ask(house, float(score))["zone"] for score in sample(700, seed=3).scores[:80]]
    reviewed = zones.count(Zone.HUMAN_REVIEW) / 80
    # The panel draws one automatic item in twenty besides.
    assert found.share == pytest.approx(reviewed + 0.05 * (1 - reviewed), abs=0.12)


def test_an_uncertified_gate_asks_people_about_everything(house: House) -> None:
    house.gates.adopt([replace(EARNING, panel=PanelRules(share=0.5))], house.clock.now())
    ask(house, 0.99)
    house.clock.forward(seconds=DAY)
    found = watcher(house).workload(house.gates.of("gate"))
    assert found
    assert (found.share, found.items_a_day) == (1.0, 1.0)


def test_each_item_takes_as_many_reviews_as_people_must_agree(house: House) -> None:
    for quorum, twice, answers in ((3, 0.0, 3), (1, 0.1, 1.1), (3, 0.1, 3)):
        rules = replace(POLICY.review, quorum=quorum, double_share=twice)
        house.adopt(POLICY, review=rules)
        ask(house, 0.5)
        house.clock.forward(seconds=DAY)
        found = watcher(house).workload(house.gates.of("gate"))
        assert found
        assert found.reviews_a_day == pytest.approx(found.items_a_day * answers)


def test_the_controller_asks_for_no_more_than_people_can_do(house: House, gate: Gate) -> None:
    house.clock.forward(seconds=DAY)
    gate.receive(sample(WINDOW, seed=4))
    gate.receive(sample(60, seed=5), labelled=True, flipped=0.2)
    free = gate.watcher.watch(gate.policy)
    assert free
    assert free.share == pytest.approx(1 - CONTRACT.review.max)
    few = with_capacity(gate, round(0.2 * load(gate).items_a_day))
    bound = gate.watcher.watch(few)
    assert bound
    assert bound.share == pytest.approx(0.8, abs=0.01)


def test_the_certificate_wins_and_it_is_said_loudly_once(house: House, gate: Gate) -> None:
    house.clock.forward(seconds=DAY)
    gate.receive(sample(WINDOW, seed=6))
    earned = gate.policy.certified[None].thresholds
    policy = with_capacity(gate, 1)
    with capture_logs() as said:
        for _ in range(3):
            gate.watcher.weigh(policy)
            gate.look()
    loud = [one for one in said if one["event"] == "gate.overloaded"]
    assert [(one["log_level"], one["capacity"]) for one in loud] == [("error", 1)]
    assert load(gate).exceeded
    rule = gate.policy.rule_for(None).thresholds
    assert rule.high is not None
    assert earned.high is not None
    assert rule.high >= earned.high
    told = house.metrics.exposition(dict).decode()
    [line] = [one for one in told.splitlines() if one.startswith("human_in_loop_review_load{")]
    assert float(line.split()[-1]) > 1


def test_an_alarm_saves_no_reviews(house: House, gate: Gate) -> None:
    """After an alarm people see what the contract's share allows, whatever they can do in a day."""
    house.clock.forward(seconds=DAY)
    gate.receive(sample(WINDOW, seed=7))
    with_capacity(gate, 1)
    gate.receive(sample(600, seed=8), labelled=True, flipped=0.3)
    level = gate.look().adapted
    assert level
    assert level.mode is Mode.SAFE
    zones = [ask(house, float(score))["zone"] for score in sample(100, seed=9).scores]
    assert zones.count(Zone.HUMAN_REVIEW) / 100 == pytest.approx(CONTRACT.review.max, abs=0.12)
