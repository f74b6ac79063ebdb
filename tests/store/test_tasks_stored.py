"""The queue: what is handed out, to whom, in which order, and never twice."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from service.domain import review_moves
from service.domain.errors import IllegalMove
from service.domain.ids import GateName, LeaseToken, TaskId
from service.domain.review import Answer, GivenAnswer, Reviewer, ReviewTask, TaskState
from service.ports.page import Page
from service.ports.store import Transaction
from service.store.sql_store import SqlStore
from service.usecases.shared.new_ids import new_lease_token
from tests.examples import GATE, MINUTE, NOW, a_decision, a_lease, a_task
from tests.store.crowd import at_once

LIN = "person:lin"
MEI = "person:mei"
ALL = frozenset(TaskState)


def given_by(reviewer: str, answer: Answer = Answer.APPROVE) -> GivenAnswer:
    return GivenAnswer(reviewer=reviewer, answer=answer, comment="", edited_result=None, at=NOW)


def stored(store: SqlStore, *changes: Mapping[str, object]) -> list[ReviewTask]:
    """Tasks with these changes, each with its decision, in the store."""
    decisions = [a_decision(gate=change.get("gate", GATE)) for change in changes]
    tasks = [
        a_task(decision, **change) for decision, change in zip(decisions, changes, strict=True)
    ]
    with store.transaction() as tx:
        tx.decisions.add(decisions)
        tx.tasks.add(tasks)
    return tasks


def claim_some(
    tx: Transaction, reviewer: str = LIN, *, expert: bool = False, limit: int = 100
) -> list[ReviewTask]:
    """Claim as a use case does: find, move, save."""
    found = tx.tasks.claimable(gates=None, reviewer=reviewer, expert=expert, now=NOW, limit=limit)
    who = Reviewer(name=reviewer, expert=expert)
    claimed = [review_moves.claim(task, who, new_lease_token(), NOW, MINUTE) for task in found]
    for task in claimed:
        tx.tasks.save(task)
    return claimed


def ids(tasks: list[ReviewTask]) -> list[TaskId]:
    return [task.id for task in tasks]


def test_tasks_come_back_as_they_went_in(store: SqlStore) -> None:
    [task] = stored(
        store,
        {
            "state": TaskState.CLAIMED,
            "claimed_from": TaskState.ESCALATED,
            "priority": 0.1 + 0.2,
            "quorum": 3,
            "lease": a_lease(LIN, NOW + MINUTE),
            "answers": (
                given_by(MEI, Answer.UNSURE),
                GivenAnswer(
                    reviewer="person:王",
                    answer=Answer.REJECT,
                    comment="看不懂\n",
                    edited_result={"price": 0},
                    at=NOW,
                ),
            ),
            "resolved_at": NOW,
            "settles_at": NOW + MINUTE,
            "revision": 7,
        },
    )
    with store.reading() as tx:
        assert tx.tasks.get(task.id) == task
        assert tx.tasks.of_decision(task.decision_id) == task
        assert tx.tasks.get(TaskId("tsk_none")) is None
    with store.transaction() as tx:
        assert tx.tasks.lock(task.id) == task
        tx.tasks.add([])


def test_answers_are_saved_and_taken_back(store: SqlStore) -> None:
    [task] = stored(store, {})
    for answers in ((given_by(LIN),), (given_by(LIN), given_by(MEI)), (given_by(LIN),), ()):
        task = replace(task, answers=answers, revision=task.revision + 1)
        with store.transaction() as tx:
            tx.tasks.save(task)
        with store.reading() as tx:
            assert tx.tasks.get(task.id) == task


def test_the_slower_of_two_moves_is_refused(store: SqlStore) -> None:
    [task] = stored(store, {})
    lin = review_moves.claim(task, Reviewer(name=LIN), LeaseToken("a"), NOW, MINUTE)
    mei = review_moves.claim(task, Reviewer(name=MEI), LeaseToken("b"), NOW, MINUTE)
    with store.transaction() as tx:
        tx.tasks.save(lin)
    with pytest.raises(IllegalMove), store.transaction() as tx:
        tx.tasks.save(mei)
    with store.reading() as tx:
        assert tx.tasks.get(task.id) == lin


def test_a_lapsed_lease_is_claimed_and_saved_at_once(store: SqlStore) -> None:
    [task] = stored(store, {"state": TaskState.CLAIMED, "lease": a_lease(MEI, NOW)})
    with store.transaction() as tx:
        [claimed] = claim_some(tx)
    with store.reading() as tx:
        assert tx.tasks.get(task.id) == claimed
    assert claimed.lease
    assert claimed.lease.holder == LIN


def test_twenty_reviewers_at_once_are_handed_each_task_once(store: SqlStore) -> None:
    tasks = stored(store, *[{"priority": float(n % 3)} for n in range(60)])

    def review_all(number: int) -> list[ReviewTask]:
        mine: list[ReviewTask] = []
        while True:
            with store.transaction() as tx:
                batch = claim_some(tx, f"person:{number}", limit=2)
            if not batch:
                return mine
            mine += batch

    handed_out = [task for mine in at_once(20, review_all) for task in mine]
    assert sorted(ids(handed_out)) == sorted(ids(tasks))
    with store.reading() as tx:
        assert tx.tasks.count_by_state(None) == {(GATE, TaskState.CLAIMED): 60}


def test_processes_that_share_a_store_hand_out_each_task_once(
    store: SqlStore, store_url: str
) -> None:
    tasks = stored(store, *[{} for _ in range(12)])

    def review_as_another_process(number: int) -> list[ReviewTask]:
        mine: list[ReviewTask] = []
        own_store = SqlStore(store_url)
        while True:
            with own_store.transaction() as tx:
                batch = claim_some(tx, f"person:{number}", limit=1)
            if not batch:
                own_store.close()
                return mine
            mine += batch

    handed_out = [task for mine in at_once(4, review_as_another_process) for task in mine]
    assert sorted(ids(handed_out)) == sorted(ids(tasks))


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)  # SQLite has one writer
def test_what_another_transaction_is_claiming_is_passed_over(store: SqlStore) -> None:
    first, second = stored(store, {"priority": 2.0}, {"priority": 1.0})

    def claim_beside() -> list[ReviewTask]:
        with store.transaction() as tx:
            return claim_some(tx, MEI)

    with ThreadPoolExecutor(1) as pool, store.transaction() as tx:
        assert ids(claim_some(tx, limit=1)) == [first.id]
        beside = pool.submit(claim_beside)
        assert ids(beside.result(timeout=60)) == [second.id]


def test_the_most_urgent_goes_first_then_the_oldest(store: SqlStore) -> None:
    low, young, old, urgent = stored(
        store,
        {"priority": 0.5},
        {"priority": 1.0, "created_at": NOW},
        {"priority": 1.0, "created_at": NOW - MINUTE},
        {"priority": 9.0, "created_at": NOW + MINUTE},
    )
    with store.transaction() as tx:
        assert ids(claim_some(tx, limit=3)) == ids([urgent, old, young])
        assert ids(claim_some(tx)) == [low.id]


def test_only_what_the_reviewer_may_take_is_claimable(store: SqlStore) -> None:
    escalated = TaskState.ESCALATED
    claimed = TaskState.CLAIMED
    pending, lapsed, hard, hard_lapsed, answered, *_out_of_reach = stored(
        store,
        {},
        {"state": claimed, "lease": a_lease(MEI, NOW)},
        {"state": escalated},
        {"state": claimed, "claimed_from": escalated, "lease": a_lease(MEI, NOW)},
        {"answers": (given_by(LIN),)},
        {"state": claimed, "lease": a_lease(MEI, NOW + MINUTE)},
        {"deadline_at": NOW},
        {"state": TaskState.RESOLVED},
        {"state": TaskState.EXPIRED},
        {"state": TaskState.CANCELLED},
    )

    def found(reviewer: str, *, expert: bool) -> set[TaskId]:
        with store.transaction() as tx:
            tasks = tx.tasks.claimable(
                gates=None, reviewer=reviewer, expert=expert, now=NOW, limit=100
            )
            return set(ids(tasks))

    assert found(LIN, expert=False) == {pending.id, lapsed.id}
    assert found(LIN, expert=True) == {pending.id, lapsed.id, hard.id, hard_lapsed.id}
    assert found(MEI, expert=False) == {pending.id, lapsed.id, answered.id}


def test_gates_bound_what_is_seen(store: SqlStore) -> None:
    toys, books = GateName("toys"), GateName("books")
    toy, book = stored(store, {"gate": toys}, {"gate": books})

    for gates, expected in [
        (None, {toy.id, book.id}),
        (frozenset({toys}), {toy.id}),
        (frozenset({toys, books}), {toy.id, book.id}),
        (frozenset[str](), set[TaskId]()),
    ]:
        with store.transaction() as tx:
            claimable = tx.tasks.claimable(
                gates=gates, reviewer=LIN, expert=False, now=NOW, limit=9
            )
            assert set(ids(claimable)) == expected
            assert set(ids(tx.tasks.browse(gates=gates, page=Page()))) == expected
            assert sum(tx.tasks.count_by_state(gates).values()) == len(expected)


def test_browsing_goes_page_by_page_from_the_newest(store: SqlStore) -> None:
    newest_first = ids(stored(store, *[{} for _ in range(7)]))[::-1]
    seen: list[TaskId] = []
    before = None
    with store.reading() as tx:
        while page := tx.tasks.browse(gates=None, page=Page(limit=3, before=before)):
            assert len(page) <= 3
            seen += ids(page)
            before = page[-1].id
    assert seen == newest_first


def test_browsing_filters_by_state_and_holder(store: SqlStore) -> None:
    pending, mine, _hers, resolved = stored(
        store,
        {},
        {"state": TaskState.CLAIMED, "lease": a_lease(LIN, NOW + MINUTE)},
        {"state": TaskState.CLAIMED, "lease": a_lease(MEI, NOW + MINUTE)},
        {"state": TaskState.RESOLVED},
    )
    closed_or_pending = frozenset({TaskState.PENDING, TaskState.RESOLVED})
    with store.reading() as tx:
        assert ids(tx.tasks.browse(gates=None, holder=LIN, page=Page())) == [mine.id]
        assert set(ids(tx.tasks.browse(gates=None, states=closed_or_pending, page=Page()))) == {
            pending.id,
            resolved.id,
        }
        assert tx.tasks.browse(gates=None, states=frozenset(), page=Page()) == []


def test_due_are_open_tasks_past_the_deadline_and_lapsed_leases(store: SqlStore) -> None:
    late = NOW
    *due, _in_time, _held, _resolved_late, _expired = stored(
        store,
        {"deadline_at": late},
        {"deadline_at": late, "state": TaskState.ESCALATED},
        {
            "deadline_at": late,
            "state": TaskState.CLAIMED,
            "lease": a_lease(LIN, NOW + MINUTE),
        },
        {"state": TaskState.CLAIMED, "lease": a_lease(LIN, NOW)},
        {},
        {"state": TaskState.CLAIMED, "lease": a_lease(LIN, NOW + MINUTE)},
        {"deadline_at": late, "state": TaskState.RESOLVED},
        {"deadline_at": late, "state": TaskState.EXPIRED},
    )
    with store.transaction() as tx:
        assert ids(tx.tasks.due(NOW, 100)) == ids(due)
        assert len(tx.tasks.due(NOW, 2)) == 2
        assert tx.tasks.due(NOW - MINUTE, 100) == []


def test_counts_tell_states_and_gates_apart(store: SqlStore) -> None:
    toys = GateName("toys")
    stored(store, {}, {}, {"state": TaskState.RESOLVED}, {"gate": toys})
    with store.reading() as tx:
        assert tx.tasks.count_by_state(None) == {
            (GATE, TaskState.PENDING): 2,
            (GATE, TaskState.RESOLVED): 1,
            (toys, TaskState.PENDING): 1,
        }


def test_a_decision_shows_its_newest_task(store: SqlStore) -> None:
    [first] = stored(store, {"state": TaskState.CANCELLED})
    second = a_task(a_decision(id=first.decision_id))
    with store.transaction() as tx:
        tx.tasks.add([second])
        assert tx.tasks.of_decision(first.decision_id) == second


def test_the_queue_shows_what_is_given_out_next_first(store: SqlStore) -> None:
    escalated = TaskState.ESCALATED
    old, urgent, hard, answered, newest = stored(
        store,
        {"priority": 1.0, "created_at": NOW - MINUTE},
        {"priority": 2.0},
        {"priority": 0.5, "state": escalated},
        {"priority": 9.0, "answers": (given_by(LIN),)},
        {"priority": 1.0},
    )

    def shown(*, expert: bool, limit: int = 9) -> list[TaskId]:
        with store.reading() as tx:
            return ids(tx.tasks.queue(gates=None, reviewer=LIN, expert=expert, limit=limit))

    def given_out(*, expert: bool) -> list[TaskId]:
        with store.transaction() as tx:
            found = tx.tasks.claimable(gates=None, reviewer=LIN, expert=expert, now=NOW, limit=9)
        return ids(found)

    assert given_out(expert=False) == ids([urgent, old, newest])
    assert shown(expert=False) == ids([urgent, old, newest, answered, hard])
    assert given_out(expert=True) == ids([hard, urgent, old, newest])
    assert shown(expert=True) == ids([hard, urgent, old, newest, answered])
    assert shown(expert=True, limit=2) == ids([hard, urgent])


def test_what_somebody_answered_last(store: SqlStore) -> None:
    first, second, overruled, _ = stored(
        store,
        {"answers": (replace(given_by(LIN), at=NOW - MINUTE),)},
        {"answers": (given_by(MEI), replace(given_by(LIN), at=NOW))},
        {"answers": (given_by(LIN, Answer.UNSURE), given_by(MEI))},
        {"answers": (given_by(MEI),)},
    )
    assert overruled.answers[-1].reviewer == MEI
    with store.reading() as tx:
        assert ids(tx.tasks.answered_by(LIN, gates=None, limit=9)) == ids([second, first])
        assert ids(tx.tasks.answered_by(LIN, gates=None, limit=1)) == [second.id]
        assert tx.tasks.answered_by(LIN, gates=frozenset({"another"}), limit=9) == []
