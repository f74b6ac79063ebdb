"""The delivery under every sequence of tries, failures, undos and replays."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from service.domain import delivery as machine
from service.domain.delivery import BACKOFF, LONGEST_WISH, Delivery, DeliveryState, Proof
from service.domain.errors import IllegalDeliveryMove
from tests.examples import NOW, a_decision, a_delivery, a_task

PENDING, DELIVERED = DeliveryState.PENDING, DeliveryState.DELIVERED
DEAD, CANCELLED = DeliveryState.DEAD, DeliveryState.CANCELLED
MOST_TRIES = len(BACKOFF) + 1
PROOF = Proof(kind="accepted")

waits = st.sampled_from([timedelta(seconds=1), *BACKOFF, timedelta(days=2)])
wishes = st.none() | st.sampled_from([timedelta(0), timedelta(hours=1), timedelta(days=400)])
shares = st.floats(0, 1)


class DeliveryMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.delivery: Delivery
        self.made: Delivery
        self.tries = 0  # since it was made or last replayed
        self.may_have_left = False
        self.deliveries = 0
        self.cancelled = False
        self.given_up = False

    @initialize(undo=st.sampled_from([timedelta(0), timedelta(seconds=2), timedelta(hours=1)]))
    def create(self, undo: timedelta) -> None:
        task = a_task(a_decision())
        self.made = self.delivery = a_delivery(task, next_attempt_at=NOW + undo)

    def move(self, act: Callable[[Delivery], Delivery], *, allowed: bool) -> bool:
        before = self.delivery
        try:
            after = act(before)
        except IllegalDeliveryMove:
            assert not allowed
            return False
        assert allowed
        self.delivery = after
        return True

    @property
    def pending(self) -> bool:
        return not (self.deliveries or self.cancelled or self.given_up)

    @rule(wait=waits)
    def time_passes(self, wait: timedelta) -> None:
        self.now += wait

    @precondition(lambda self: self.now >= self.delivery.next_attempt_at)
    @rule()
    def attempt(self) -> None:
        if self.move(machine.attempt, allowed=self.pending):
            self.tries += 1
            self.may_have_left = True

    @rule()
    def submitted(self) -> None:
        already = self.delivery.submitted_at
        if self.move(lambda d: machine.submitted(d, self.now), allowed=self.pending):
            self.may_have_left = True
            assert self.delivery.submitted_at == (already or self.now)

    @precondition(lambda self: self.tries or not self.pending)
    @rule(wish=wishes, share=shares)
    def fail(self, wish: timedelta | None, share: float) -> None:
        def act(delivery: Delivery) -> Delivery:
            return machine.failed(
                delivery, "refused", self.now, retry_after=wish, jitter=lambda: share
            )

        if not self.move(act, allowed=self.pending):
            return
        self.given_up = self.tries >= MOST_TRIES
        assert (self.delivery.state is DEAD) == self.given_up
        if not self.given_up:
            wait = self.delivery.next_attempt_at - self.now
            assert wait >= BACKOFF[self.tries - 1]
            assert wait >= min(wish or wait, LONGEST_WISH)
            assert wait <= max(BACKOFF[self.tries - 1] * 1.1, LONGEST_WISH)

    @rule()
    def put_off(self) -> None:
        if self.move(lambda d: machine.put_off(d, "stopping", self.now), allowed=self.pending):
            assert self.delivery.next_attempt_at == self.now
            self.may_have_left = True  # only what is tried is put off

    @rule()
    def give_up(self) -> None:
        if self.move(lambda d: machine.dead(d, "gone", self.now), allowed=self.pending):
            self.given_up = True

    @rule()
    def deliver(self) -> None:
        if self.move(lambda d: machine.delivered(d, PROOF, self.now), allowed=self.pending):
            self.deliveries += 1

    @rule()
    def cancel(self) -> None:
        in_time = self.now < self.made.next_attempt_at
        allowed = self.pending and in_time and not self.may_have_left
        if self.move(lambda d: machine.cancelled(d, self.now), allowed=allowed):
            self.cancelled = True

    @rule()
    def replay(self) -> None:
        if self.move(lambda d: machine.replayed(d, self.now), allowed=self.given_up):
            self.given_up = False
            self.tries = 0
            self.may_have_left = True  # a replay is due at once

    @invariant()
    def it_is_delivered_once_at_most_and_never_after_a_cancel(self) -> None:
        assert self.deliveries + self.cancelled <= 1
        assert (self.delivery.state is DELIVERED) == bool(self.deliveries)
        assert (self.delivery.state is CANCELLED) == self.cancelled
        assert (self.delivery.proof is not None) == bool(self.deliveries)

    @invariant()
    def it_is_dead_only_when_given_up(self) -> None:
        assert (self.delivery.state is DEAD) == self.given_up

    @invariant()
    def every_finished_one_says_when(self) -> None:
        assert (self.delivery.finished_at is not None) == (not self.pending)

    @invariant()
    def tries_are_counted(self) -> None:
        assert self.delivery.attempts == self.tries

    @invariant()
    def the_message_never_changes(self) -> None:
        assert (self.delivery.id, self.delivery.body) == (self.made.id, self.made.body)


TestDeliveryMachine = DeliveryMachine.TestCase
TestDeliveryMachine.settings = settings(max_examples=100, stateful_step_count=30)


def test_the_schedule_is_that_of_standard_webhooks() -> None:
    delivery = a_delivery(a_task(a_decision()))
    now, waits = NOW, []
    while delivery.state is PENDING:
        delivery = machine.failed(machine.attempt(delivery), "down", now, jitter=lambda: 0)
        waits.append(delivery.next_attempt_at - now)
        now = delivery.next_attempt_at
    assert tuple(waits[:-1]) == BACKOFF
    assert delivery.attempts == 10
    assert delivery.reason == "down (gave up after 10 tries)"


@given(share=shares, tries=st.integers(1, len(BACKOFF)))
def test_jitter_stretches_a_wait_and_never_shrinks_it(share: float, tries: int) -> None:
    delivery = replace(a_delivery(a_task(a_decision())), attempts=tries)
    later = machine.failed(delivery, "down", NOW, jitter=lambda: share)
    planned = BACKOFF[tries - 1]
    assert NOW + planned <= later.next_attempt_at <= NOW + planned * 1.1


def test_what_may_have_left_cannot_be_cancelled() -> None:
    delivery = a_delivery(a_task(a_decision()), next_attempt_at=NOW + BACKOFF[0])
    assert machine.cancelled(delivery, NOW).state is CANCELLED
    for left in (machine.attempt(delivery), machine.submitted(delivery, NOW)):
        with pytest.raises(IllegalDeliveryMove):
            machine.cancelled(left, NOW)
    with pytest.raises(IllegalDeliveryMove):  # a worker may have taken it by now
        machine.cancelled(delivery, delivery.next_attempt_at)


def test_a_replay_remembers_that_the_receiver_had_it() -> None:
    delivery = machine.submitted(machine.attempt(a_delivery(a_task(a_decision()))), NOW)
    replayed = machine.replayed(machine.dead(delivery, "gone", NOW), later := NOW + BACKOFF[0])
    assert (replayed.state, replayed.attempts, replayed.reason) == (PENDING, 0, None)
    assert (replayed.submitted_at, replayed.next_attempt_at) == (NOW, later)
