"""Review: people take tasks, answer them, give them back, take a verdict back."""

from collections.abc import Callable
from datetime import datetime

from service.domain import review_moves
from service.domain.access import Principal, Scope
from service.domain.ids import TaskId
from service.domain.review import ReviewTask
from service.ports.bus import Bus, Event
from service.ports.clock import Clock
from service.ports.guard import Redactor
from service.ports.meter import Meter
from service.ports.resumer import MessageWriter
from service.ports.store import Store, Transaction
from service.usecases.gates.policy_cache import GateBook
from service.usecases.review.answers import AnswerOrder, Answers
from service.usecases.review.views import TaskView, TaskViews, gates_seen, visible
from service.usecases.shared.audit_events.tasks import draft_of_task
from service.usecases.shared.idempotency import IdempotentRequest, once
from service.usecases.shared.new_ids import new_lease_token


class ReviewTasks:
    def __init__(
        self,
        *,
        store: Store,
        gates: GateBook,
        writer: MessageWriter,
        bus: Bus,
        clock: Clock,
        meter: Meter,
        redactor: Redactor,
        sure: Callable[[ReviewTask], bool] = lambda _: True,
    ) -> None:
        self._store = store
        self._gates = gates
        self._see = TaskViews(gates, clock, redactor)
        self._answers = Answers(
            gates=gates, writer=writer, meter=meter, redactor=redactor, sure=sure
        )
        self._bus = bus
        self._clock = clock

    def claim(
        self,
        principal: Principal,
        *,
        gate: str | None = None,
        limit: int = 1,
        request: IdempotentRequest[list[TaskView]] | None = None,
    ) -> list[TaskView]:
        """Take the most urgent tasks that wait and that this reviewer may answer."""
        principal.demand(Scope.REVIEW)
        if gate is not None:
            self._gates.get(gate, principal)
        with self._store.transaction() as tx, once(tx, request, self._clock.now()) as answered:
            now = self._clock.now()  # the writer's turn may have been long in coming
            waiting = tx.tasks.claimable(
                gates=gates_seen(principal, gate),
                reviewer=principal.name,
                expert=principal.expert,
                now=now,
                limit=limit,
            )
            claimed = [self._claim(tx, task, principal, now) for task in waiting]
            views = answered(self._see.many(tx, claimed))
        self._tell(principal.name, "task.claimed")
        return views

    def claim_one(
        self,
        task_id: TaskId,
        principal: Principal,
        *,
        request: IdempotentRequest[TaskView] | None = None,
    ) -> TaskView:
        """Take this very task. Raises IllegalMove where somebody else has it."""

        def act(tx: Transaction, task: ReviewTask, now: datetime) -> ReviewTask:
            return self._claim(tx, task, principal, now)

        return self._move(task_id, principal, request, act, "task.claimed")

    def renew(
        self,
        task_id: TaskId,
        token: str,
        principal: Principal,
        *,
        request: IdempotentRequest[TaskView] | None = None,
    ) -> TaskView:
        def act(tx: Transaction, task: ReviewTask, now: datetime) -> ReviewTask:
            lease = self._gates.of(task.gate).review.lease
            renewed = review_moves.renew(task, token, principal.name, now, lease)
            tx.tasks.save(renewed)
            return renewed

        return self._move(task_id, principal, request, act, None)

    def release(
        self,
        task_id: TaskId,
        token: str,
        principal: Principal,
        *,
        request: IdempotentRequest[TaskView] | None = None,
    ) -> TaskView:
        def act(tx: Transaction, task: ReviewTask, now: datetime) -> ReviewTask:
            released = review_moves.release(task, token, principal.name, now)
            tx.tasks.save(released)
            tx.audit.append([draft_of_task(released, "released", principal.name, now)])
            return released

        return self._move(task_id, principal, request, act, "task.released")

    def cancel(
        self,
        task_id: TaskId,
        principal: Principal,
        *,
        request: IdempotentRequest[TaskView] | None = None,
    ) -> TaskView:
        """Nobody needs the answer any more. Managers only; there is no delivery."""
        principal.demand(Scope.MANAGE)

        def act(tx: Transaction, task: ReviewTask, now: datetime) -> ReviewTask:
            cancelled = review_moves.cancel(task)
            tx.tasks.save(cancelled)
            tx.audit.append([draft_of_task(cancelled, "cancelled", principal.name, now)])
            return cancelled

        return self._move(task_id, principal, request, act, "task.cancelled")

    def answer(
        self,
        order: AnswerOrder,
        principal: Principal,
        *,
        request: IdempotentRequest[TaskView] | None = None,
    ) -> TaskView:
        """Say approve, reject or unsure. Verdict, audit entry and delivery are one transaction."""

        def act(tx: Transaction, task: ReviewTask, now: datetime) -> ReviewTask:
            return self._answers.give(tx, task, order, principal, now)

        return self._move(order.task_id, principal, request, act, "task.answered")

    def undo(
        self,
        task_id: TaskId,
        principal: Principal,
        *,
        request: IdempotentRequest[TaskView] | None = None,
    ) -> TaskView:
        """Take one's own verdict back before its delivery leaves."""

        def act(tx: Transaction, task: ReviewTask, now: datetime) -> ReviewTask:
            return self._answers.take_back(tx, task, principal, now)

        return self._move(task_id, principal, request, act, "task.undone")

    # --- inside a transaction ---

    def _move(
        self,
        task_id: TaskId,
        principal: Principal,
        request: IdempotentRequest[TaskView] | None,
        act: Callable[[Transaction, ReviewTask, datetime], ReviewTask],
        event: str | None,
    ) -> TaskView:
        principal.demand(Scope.REVIEW, Scope.MANAGE)
        with self._store.transaction() as tx, once(tx, request, self._clock.now()) as answered:
            task = visible(tx.tasks.lock(task_id), principal)
            # The time once the task is ours: whoever had it before may have kept it for long.
            view = answered(self._see.one(tx, act(tx, task, self._clock.now())))
        if event:
            self._tell(task_id, event)
        return view

    def _claim(
        self, tx: Transaction, task: ReviewTask, principal: Principal, now: datetime
    ) -> ReviewTask:
        lease = self._gates.of(task.gate).review.lease
        claimed = review_moves.claim(task, principal.reviewer, new_lease_token(), now, lease)
        tx.tasks.save(claimed)
        tx.audit.append([draft_of_task(claimed, "claimed", principal.name, now)])
        return claimed

    def _tell(self, key: str, what: str) -> None:
        self._bus.publish(Event(topic="task", key=key, what=what))
