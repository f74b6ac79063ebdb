"""Deadlines and leases, with a clock that the test moves."""

from dataclasses import replace
from typing import Any

import pytest

from service.domain.errors import StaleLease
from service.domain.outcome import DecidedBy, Verdict
from service.domain.review import Answer, ReviewTask, TaskState
from service.usecases.review.expiry import TimeKeeper
from tests.usecases.acting import answer, ask, claim
from tests.usecases.conftest import ANN, POLICY, House


@pytest.fixture
def keeper(house: House) -> TimeKeeper:
    return TimeKeeper(
        store=house.store,
        gates=house.gates,
        writer=house.writer,
        bus=house.bus,
        clock=house.clock,
    )


def task(house: House, asked: dict[str, Any]) -> ReviewTask:
    with house.store.reading() as tx:
        found = tx.tasks.get(asked["task"])
    assert found
    return found


def test_a_missed_deadline_is_a_rejection_and_is_delivered(
    house: House, keeper: TimeKeeper
) -> None:
    asked = ask(house)
    house.clock.forward(minutes=59, seconds=59)
    assert keeper.sweep() == 0
    house.clock.forward(seconds=1)
    assert keeper.sweep() == 1
    assert task(house, asked).state is TaskState.EXPIRED
    view = house.outcomes.read(asked["decision"], ANN)
    assert view.outcome
    assert (view.outcome.verdict, view.outcome.by) == (Verdict.REJECT, DecidedBy.TIMEOUT)
    assert view.delivery
    assert keeper.sweep() == 0


def test_a_deadline_takes_a_claimed_task_from_its_holder(house: House, keeper: TimeKeeper) -> None:
    asked = ask(house)
    house.clock.forward(minutes=58)
    view = claim(house)
    house.clock.forward(minutes=2)
    keeper.sweep()
    assert task(house, asked).state is TaskState.EXPIRED
    with pytest.raises(Exception, match="expired"):
        answer(house, view)


def test_only_a_policy_that_says_so_approves_in_silence(house: House, keeper: TimeKeeper) -> None:
    house.adopt(POLICY, review=replace(POLICY.review, on_deadline=Verdict.APPROVE))
    asked = ask(house)
    house.clock.forward(hours=1)
    keeper.sweep()
    outcome = house.outcomes.read(asked["decision"], ANN).outcome
    assert outcome
    assert outcome.verdict is Verdict.APPROVE


def test_a_lapsed_lease_frees_the_task_and_its_holder_decides_nothing(
    house: House, keeper: TimeKeeper
) -> None:
    asked = ask(house)
    view = claim(house)
    house.clock.forward(minutes=5)
    with pytest.raises(StaleLease):
        answer(house, view)
    assert keeper.sweep() == 1
    assert task(house, asked).state is TaskState.PENDING


def test_an_escalated_task_lapses_back_to_escalated(house: House, keeper: TimeKeeper) -> None:
    asked = ask(house)
    answer(house, claim(house), Answer.UNSURE)
    assert task(house, asked).state is TaskState.ESCALATED
    assert keeper.sweep() == 0
