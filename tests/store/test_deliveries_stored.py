"""The outbox: each message to one worker at a time, back in reach if that worker dies."""

from dataclasses import replace
from datetime import timedelta

from service.domain import delivery as machine
from service.domain.delivery import Delivery, DeliveryState, Proof
from service.domain.ids import DeliveryId, GateName, TaskId
from service.ports.page import Page
from service.store.sql_store import SqlStore
from tests.examples import GATE, MINUTE, NOW, a_decision, a_delivery, a_task
from tests.store.crowd import at_once

SECOND = timedelta(seconds=1)


def stored(store: SqlStore, *changes: dict[str, object]) -> list[Delivery]:
    """Deliveries with these changes, each with its task and decision, in the store."""
    deliveries = []
    with store.transaction() as tx:
        for change in changes:
            decision = a_decision(gate=change.get("gate", GATE))
            task = a_task(decision)
            deliveries.append(a_delivery(task, **change))
            tx.decisions.add([decision])
            tx.tasks.add([task])
            tx.deliveries.add(deliveries[-1])
    return deliveries


def ids(deliveries: list[Delivery]) -> list[DeliveryId]:
    return [delivery.id for delivery in deliveries]


def test_deliveries_come_back_as_they_went_in(store: SqlStore) -> None:
    bare, full = stored(
        store,
        {"app": None, "run_id": None, "user": None, "body": b""},
        {
            "body": bytes(range(256)),
            "state": DeliveryState.DELIVERED,
            "attempts": 3,
            "submitted_at": NOW,
            "reason": "太慢",
            "proof": Proof(kind="form_filled", detail="node gate"),
            "finished_at": NOW + MINUTE,
        },
    )
    with store.reading() as tx:
        assert tx.deliveries.get(bare.id) == bare
        assert tx.deliveries.get(full.id) == full
        assert tx.deliveries.get(DeliveryId("dlv_none")) is None
    with store.transaction() as tx:
        assert tx.deliveries.lock(full.id) == full
        assert tx.deliveries.lock(DeliveryId("dlv_none")) is None


def test_a_moved_delivery_is_saved(store: SqlStore) -> None:
    [delivery] = stored(store, {})
    moved = machine.delivered(machine.attempt(delivery), Proof(kind="accepted"), NOW)
    with store.transaction() as tx:
        tx.deliveries.save(moved)
    with store.reading() as tx:
        assert tx.deliveries.get(delivery.id) == moved


def test_what_is_claimed_hides_until_its_hold_ends(store: SqlStore) -> None:
    due, *_rest = stored(
        store,
        {},
        {"next_attempt_at": NOW + SECOND},
        {"state": DeliveryState.DEAD},
        {"state": DeliveryState.DELIVERED},
        {"state": DeliveryState.CANCELLED},
    )
    with store.transaction() as tx:
        assert tx.deliveries.claim_due(NOW, MINUTE, 10) == [due]
    with store.transaction() as tx:
        assert tx.deliveries.claim_due(NOW, MINUTE, 10) == []
        tx.deliveries.hold(due.id, NOW + 2 * MINUTE)
    with store.transaction() as tx:
        assert due not in tx.deliveries.claim_due(NOW + MINUTE, MINUTE, 10)
    with store.transaction() as tx:
        assert due in tx.deliveries.claim_due(NOW + 2 * MINUTE, MINUTE, 10)


def test_the_longest_waiting_leave_first(store: SqlStore) -> None:
    second, first, third = stored(
        store,
        {"next_attempt_at": NOW - SECOND},
        {"next_attempt_at": NOW - MINUTE},
        {},
    )
    with store.transaction() as tx:
        assert ids(tx.deliveries.claim_due(NOW, MINUTE, 2)) == ids([first, second])
        assert ids(tx.deliveries.claim_due(NOW, MINUTE, 2)) == [third.id]


def test_a_try_keeps_the_hold_and_a_new_plan_ends_it(store: SqlStore) -> None:
    [delivery] = stored(store, {})
    with store.transaction() as tx:
        tx.deliveries.claim_due(NOW, MINUTE, 1)
        tried = machine.submitted(machine.attempt(delivery), NOW)
        tx.deliveries.save(tried)
        assert tx.deliveries.next_due_at() == NOW + MINUTE
    with store.transaction() as tx:
        assert tx.deliveries.claim_due(NOW, MINUTE, 1) == []
        later = machine.failed(tried, "refused", NOW, jitter=lambda: 0)
        tx.deliveries.save(later)
        assert tx.deliveries.next_due_at() == later.next_attempt_at
    with store.transaction() as tx:
        assert tx.deliveries.claim_due(later.next_attempt_at, MINUTE, 1) == [later]


def test_a_dead_letter_that_is_replayed_leaves_again(store: SqlStore) -> None:
    [delivery] = stored(store, {})
    with store.transaction() as tx:
        tx.deliveries.claim_due(NOW, MINUTE, 1)
        dead = machine.dead(machine.attempt(delivery), "gone", NOW)
        tx.deliveries.save(dead)
        assert tx.deliveries.next_due_at() is None
        replayed = machine.replayed(dead, NOW)
        tx.deliveries.save(replayed)
    with store.transaction() as tx:
        assert tx.deliveries.claim_due(NOW, MINUTE, 1) == [replayed]


def test_twenty_workers_at_once_take_each_delivery_once(store: SqlStore) -> None:
    deliveries = stored(store, *[{} for _ in range(60)])

    def drain(_number: int) -> list[Delivery]:
        mine: list[Delivery] = []
        while True:
            with store.transaction() as tx:
                batch = tx.deliveries.claim_due(NOW, MINUTE, 2)
            if not batch:
                return mine
            mine += batch

    taken = [delivery for mine in at_once(20, drain) for delivery in mine]
    assert sorted(ids(taken)) == sorted(ids(deliveries))


def test_the_next_one_due_is_known(store: SqlStore) -> None:
    with store.reading() as tx:
        assert tx.deliveries.next_due_at() is None
    stored(
        store,
        {"next_attempt_at": NOW + MINUTE},
        {"next_attempt_at": NOW + SECOND},
        {"next_attempt_at": NOW, "state": DeliveryState.DEAD},
    )
    with store.reading() as tx:
        assert tx.deliveries.next_due_at() == NOW + SECOND


def test_the_latest_delivery_of_a_task_is_found(store: SqlStore) -> None:
    taken_back, other = stored(store, {"state": DeliveryState.CANCELLED}, {})
    task = replace(a_task(a_decision(id=taken_back.decision_id)), id=taken_back.task_id)
    latest = a_delivery(task)
    nowhere = TaskId("tsk_none")
    with store.transaction() as tx:
        tx.deliveries.add(latest)
        assert tx.deliveries.latest_of_task(task.id) == latest
        assert tx.deliveries.latest_of_task(nowhere) is None
        assert tx.deliveries.latest_of_tasks([task.id, other.task_id, nowhere]) == {
            task.id: latest,
            other.task_id: other,
        }
        assert tx.deliveries.latest_of_tasks([]) == {}


def test_browsing_goes_page_by_page_from_the_newest(store: SqlStore) -> None:
    toys = GateName("toys")
    dead = DeliveryState.DEAD
    first, second, third, toy = stored(
        store, {"state": dead}, {}, {"state": dead}, {"state": dead, "gate": toys}
    )
    here = frozenset({GATE})
    with store.reading() as tx:
        browse = tx.deliveries.browse
        assert browse(gates=None, state=None, page=Page()) == [toy, third, second, first]
        assert browse(gates=here, state=dead, page=Page(limit=1)) == [third]
        assert browse(gates=here, state=dead, page=Page(before=third.id)) == [first]
        assert browse(gates=frozenset(), state=None, page=Page()) == []
