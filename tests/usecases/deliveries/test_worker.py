"""The outbox: at least once, each try counted before it is made, proven or told in words."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from service.domain.access import Scope
from service.domain.audit import verify
from service.domain.decision import ResumeMode
from service.domain.delivery import BACKOFF, Delivery, DeliveryState, Proof
from service.domain.errors import Forbidden, IllegalDeliveryMove
from service.ports.resumer import AttemptLog, DeliveryDead, DeliveryFailed
from service.usecases.deliveries.worker import HOLD, Deliveries, DeliveryWorker, may_fill_the_outbox
from service.usecases.review.expiry import TimeKeeper
from tests.usecases.acting import answer, ask, claim, decided
from tests.usecases.conftest import ANN, House

type Act = Callable[[Delivery, AttemptLog], Proof]


class Scripted:
    """A receiver that does what the test says."""

    def __init__(self, act: Act) -> None:
        self.act = act
        self.seen: list[Delivery] = []

    def resume(self, delivery: Delivery, log: AttemptLog) -> Proof:
        self.seen.append(delivery)
        return self.act(delivery, log)


def accepts(_: Delivery, __: AttemptLog) -> Proof:
    return Proof(kind="accepted")


def worker(house: House, act: Act) -> tuple[DeliveryWorker, Scripted]:
    receiver = Scripted(act)
    made = DeliveryWorker(
        store=house.store,
        resumers={ResumeMode.WEBHOOK: receiver},
        bus=house.bus,
        clock=house.clock,
        meter=house.metrics,
    )
    return made, receiver


def stored(house: House, delivery: Delivery) -> Delivery:
    with house.store.reading() as tx:
        found = tx.deliveries.get(delivery.id)
    assert found
    return found


def test_a_verdict_leaves_once_with_the_bytes_it_was_written_with(house: House) -> None:
    decided(house)
    delivering, receiver = worker(house, accepts)
    [due] = delivering.claim(10)
    assert delivering.attempt(due).state is DeliveryState.DELIVERED
    assert delivering.claim(10) == []
    assert receiver.seen[0].body == due.body
    assert stored(house, due).proof == Proof(kind="accepted")


def test_nothing_leaves_inside_the_undo_window(house: House) -> None:
    ask(house)
    answer(house, claim(house), undo=timedelta(seconds=5))
    delivering, _ = worker(house, accepts)
    assert delivering.claim(10) == []
    house.clock.forward(seconds=5)
    assert len(delivering.claim(10)) == 1


def test_a_failure_waits_longer_each_time_and_then_dies(house: House) -> None:
    decided(house)

    def refuse(_: Delivery, __: AttemptLog) -> Proof:
        raise DeliveryFailed("unreachable: no answer")

    delivering, _ = worker(house, refuse)
    for number, wait in enumerate(BACKOFF, start=1):
        [due] = delivering.claim(10)
        failed = delivering.attempt(due)
        assert (failed.state, failed.attempts) == (DeliveryState.PENDING, number)
        assert failed.next_attempt_at - house.clock.now() >= wait
        house.clock.forward(seconds=wait.total_seconds() - 0.001)
        assert delivering.claim(10) == []
        house.clock.forward(seconds=wait.total_seconds() * 0.2)
    [last] = delivering.claim(10)
    dead = delivering.attempt(last)
    assert dead.state is DeliveryState.DEAD
    assert "unreachable" in (dead.reason or "")
    assert delivering.claim(10) == []


def test_a_try_that_a_stop_broke_off_is_made_again_at_once_by_whoever_can(house: House) -> None:
    decided(house)
    stop = threading.Event()

    def broken_off(_: Delivery, __: AttemptLog) -> Proof:
        house.clock.forward(seconds=1)
        stop.set()
        raise DeliveryFailed("stopping: the service is shutting down")

    for _ in range(3):  # one restart after the other
        stop.clear()
        stopping, receiver = worker(house, broken_off)
        stopping.run(stop)
        assert stored(house, receiver.seen[0]).next_attempt_at == house.clock.now()
    other, _ = worker(house, accepts)
    [due] = other.claim(10)
    assert due.attempts == 4
    assert other.attempt(due).state is DeliveryState.DELIVERED


def test_the_receivers_own_wish_to_wait_is_honoured(house: House) -> None:
    decided(house)

    def busy(_: Delivery, __: AttemptLog) -> Proof:
        raise DeliveryFailed("busy", retry_after=120)

    delivering, _ = worker(house, busy)
    [due] = delivering.claim(10)
    assert delivering.attempt(due).next_attempt_at >= house.clock.now() + timedelta(seconds=120)


def test_a_permanent_error_dies_at_once_and_the_verdict_stands(house: House) -> None:
    decision, _ = decided(house)

    def gone(_: Delivery, __: AttemptLog) -> Proof:
        raise DeliveryDead("answered_elsewhere: somebody was faster")

    delivering, _ = worker(house, gone)
    [due] = delivering.claim(10)
    assert delivering.attempt(due).state is DeliveryState.DEAD
    outcome = house.outcomes.read(decision, ANN).outcome
    assert outcome
    assert outcome.verdict.value == "approve"


def test_a_bug_of_ours_is_a_failed_try_not_a_lost_message(house: House) -> None:
    decided(house)

    def crash(_: Delivery, __: AttemptLog) -> Proof:
        raise ZeroDivisionError

    delivering, _ = worker(house, crash)
    [due] = delivering.claim(10)
    failed = delivering.attempt(due)
    assert failed.state is DeliveryState.PENDING
    assert "internal_error" in (failed.reason or "")


def test_after_a_crash_another_worker_takes_over_and_the_try_was_counted(house: House) -> None:
    decided(house)
    first, _ = worker(house, accepts)
    [lost] = first.claim(10)  # and then the process dies
    second, _ = worker(house, accepts)
    assert second.claim(10) == []
    house.clock.forward(seconds=HOLD.total_seconds())
    [found] = second.claim(10)
    assert (found.id, found.attempts) == (lost.id, 2)


def test_a_stored_submission_is_remembered_by_the_next_try(house: House) -> None:
    decided(house)

    def submit_then_die(_: Delivery, log: AttemptLog) -> Proof:
        log.submitted()
        raise DeliveryFailed("connection lost")

    delivering, receiver = worker(house, submit_then_die)
    [due] = delivering.claim(10)
    delivering.attempt(due)
    house.clock.forward(seconds=10)
    [again] = delivering.claim(10)
    receiver.act = accepts
    delivering.attempt(again)
    assert receiver.seen[0].submitted_at is None
    assert receiver.seen[1].submitted_at is not None


def test_an_undo_cancels_the_delivery_and_a_new_verdict_makes_a_new_one(house: House) -> None:
    ask(house)
    view = claim(house)
    answer(house, view, undo=timedelta(seconds=5))
    house.review.undo(view.task.id, ANN)
    house.clock.forward(seconds=10)
    delivering, _ = worker(house, accepts)
    assert delivering.claim(10) == []
    assert house.outcomes.read(view.decision.id, ANN).outcome is None


def test_a_dead_letter_is_replayed_by_a_manager_only(house: House) -> None:
    decided(house)

    def gone(_: Delivery, __: AttemptLog) -> Proof:
        raise DeliveryDead("gone")

    delivering, receiver = worker(house, gone)
    [due] = delivering.claim(10)
    delivering.attempt(due)
    seen = Deliveries(store=house.store, bus=house.bus, clock=house.clock)
    with pytest.raises(Forbidden):
        seen.replay(due.id, replace(ANN, scopes=frozenset({Scope.READ})))
    assert seen.replay(due.id, ANN).state is DeliveryState.PENDING
    receiver.act = accepts
    [again] = delivering.claim(10)
    assert delivering.attempt(again).state is DeliveryState.DELIVERED
    with pytest.raises(IllegalDeliveryMove):
        seen.replay(due.id, ANN)


def test_only_what_may_fill_the_outbox_wakes_who_drains_it(house: House) -> None:
    def heard() -> list[str]:
        return [event.what for event in iter(partial(news.next, 0), None) if event]

    with house.bus.subscribe(may_fill_the_outbox) as news:
        ask(house)
        view = claim(house)
        assert heard() == []
        answer(house, view)
        assert heard() == ["task.answered"]
        ask(house)
        house.clock.forward(days=30)
        TimeKeeper(
            store=house.store,
            gates=house.gates,
            writer=house.writer,
            bus=house.bus,
            clock=house.clock,
        ).sweep()
        assert heard() == ["task.due"]
        delivering, _ = worker(house, accepts)
        for due in delivering.claim(10):
            delivering.attempt(due)
        assert heard() == ["delivery.delivered"] * 2


def test_the_chain_tells_every_try(house: House) -> None:
    decided(house)
    delivering, _ = worker(house, accepts)
    [due] = delivering.claim(10)
    delivering.attempt(due)
    with house.store.reading() as tx:
        entries = list(tx.audit.entries())
        assert verify(entries, tx.audit.head()) is None
    kinds = [entry.kind for entry, _ in entries if entry.subject == due.id]
    assert kinds == ["delivery.queued", "delivery.delivered"]
