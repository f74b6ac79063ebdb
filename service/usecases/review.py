"""Review: people take tasks, answer them, give them back, take a verdict back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from service.domain import delivery as deliveries
from service.domain import review_moves
from service.domain.access import Principal, Scope
from service.domain.errors import UndoWindowClosed, UnknownTask
from service.domain.ids import TaskId, new_lease_token
from service.domain.outcome import DecidedBy, Outcome
from service.domain.review import Answer, GivenAnswer, ReviewTask, TaskState
from service.domain.values import Json
from service.ports.bus import Bus, Event
from service.ports.clock import Clock
from service.ports.guard import Redactor
from service.ports.meter import Meter
from service.ports.page import Page
from service.ports.resumer import MessageWriter
from service.ports.store import Store, Transaction
from service.usecases.audited import draft_of_delivery, draft_of_task
from service.usecases.conclude import conclude
from service.usecases.gate_book import GateBook
from service.usecases.learn import keep_label
from service.usecases.receipts import Receipt
from service.usecases.redact import answered
from service.usecases.task_views import TaskView, TaskViews

__all__ = ["AnswerOrder", "ReviewTasks", "TaskView"]

NO_UNDO = timedelta(0)


@dataclass(frozen=True, kw_only=True)
class AnswerOrder:
    """What a reviewer says of a task, under which lease, and how long it can be taken back."""

    task_id: TaskId
    lease_token: str
    answer: Answer
    comment: str = ""
    edited_result: Json = None
    undo_window: timedelta = NO_UNDO


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
        self._sure = sure
        self._store = store
        self._gates = gates
        self._see = TaskViews(gates, clock, redactor)
        self._redactor = redactor
        self._writer = writer
        self._bus = bus
        self._clock = clock
        self._meter = meter

    def read(self, task_id: TaskId, principal: Principal) -> TaskView:
        principal.demand(Scope.REVIEW, Scope.READ)
        with self._store.reading() as tx:
            return self._see.one(tx, _visible(tx.tasks.get(task_id), principal))

    def browse(
        self,
        principal: Principal,
        *,
        gate: str | None = None,
        states: frozenset[TaskState] | None = None,
        holder: str | None = None,
        page: Page,
    ) -> list[TaskView]:
        principal.demand(Scope.REVIEW, Scope.READ)
        with self._store.reading() as tx:
            found = tx.tasks.browse(
                gates=_gates(principal, gate), states=states, holder=holder, page=page
            )
            return self._see.many(tx, found)

    def waiting(self, principal: Principal) -> dict[tuple[str, TaskState], int]:
        """How many tasks each (gate, state) holds, of those this principal may see."""
        principal.demand(Scope.REVIEW, Scope.READ)
        with self._store.reading() as tx:
            return tx.tasks.count_by_state(principal.gates)

    def claim(
        self,
        principal: Principal,
        receipt: Receipt[list[TaskView]],
        *,
        gate: str | None = None,
        limit: int = 1,
    ) -> dict[str, Any]:
        """Take the most urgent tasks that wait and that this reviewer may answer."""
        principal.demand(Scope.REVIEW)
        if gate is not None:
            self._gates.get(gate, principal)

        def act() -> list[TaskView]:
            now = self._clock.now()  # the writer's turn may have been long in coming
            waiting = tx.tasks.claimable(
                gates=_gates(principal, gate),
                reviewer=principal.name,
                expert=principal.expert,
                now=now,
                limit=limit,
            )
            return self._see.many(tx, [self._claim(tx, task, principal, now) for task in waiting])

        with self._store.transaction() as tx:
            answer = receipt.once(tx, self._clock.now(), act)
        self._tell(principal.name, "task.claimed")
        return answer

    def claim_one(
        self, task_id: TaskId, principal: Principal, receipt: Receipt[TaskView]
    ) -> dict[str, Any]:
        """Take this very task. Raises IllegalMove where somebody else has it."""

        def act(tx: Transaction, task: ReviewTask, now: datetime) -> ReviewTask:
            return self._claim(tx, task, principal, now)

        return self._move(task_id, principal, receipt, act, "task.claimed")

    def renew(
        self, task_id: TaskId, token: str, principal: Principal, receipt: Receipt[TaskView]
    ) -> dict[str, Any]:
        def act(tx: Transaction, task: ReviewTask, now: datetime) -> ReviewTask:
            lease = self._gates.of(task.gate).review.lease
            renewed = review_moves.renew(task, token, principal.name, now, lease)
            tx.tasks.save(renewed)
            return renewed

        return self._move(task_id, principal, receipt, act, None)

    def release(
        self, task_id: TaskId, token: str, principal: Principal, receipt: Receipt[TaskView]
    ) -> dict[str, Any]:
        def act(tx: Transaction, task: ReviewTask, now: datetime) -> ReviewTask:
            released = review_moves.release(task, token, principal.name, now)
            tx.tasks.save(released)
            tx.audit.append([draft_of_task(released, "released", principal.name, now)])
            return released

        return self._move(task_id, principal, receipt, act, "task.released")

    def cancel(
        self, task_id: TaskId, principal: Principal, receipt: Receipt[TaskView]
    ) -> dict[str, Any]:
        """Nobody needs the answer any more. Managers only; there is no delivery."""
        principal.demand(Scope.MANAGE)

        def act(tx: Transaction, task: ReviewTask, now: datetime) -> ReviewTask:
            cancelled = review_moves.cancel(task)
            tx.tasks.save(cancelled)
            tx.audit.append([draft_of_task(cancelled, "cancelled", principal.name, now)])
            return cancelled

        return self._move(task_id, principal, receipt, act, "task.cancelled")

    def answer(
        self, order: AnswerOrder, principal: Principal, receipt: Receipt[TaskView]
    ) -> dict[str, Any]:
        """Say approve, reject or unsure. Verdict, audit entry and delivery are one transaction."""

        def act(tx: Transaction, task: ReviewTask, now: datetime) -> ReviewTask:
            comment, edited = self._as_kept(tx, task, order)
            given = GivenAnswer(
                reviewer=principal.name,
                answer=order.answer,
                comment=comment,
                edited_result=edited,
                at=now,
            )
            answered = review_moves.answer(
                task, order.lease_token, given, order.undo_window, self._sure
            )
            tx.tasks.save(answered)
            tx.audit.append(
                [
                    draft_of_task(
                        answered,
                        "answered",
                        principal.name,
                        now,
                        answer=order.answer.value,
                        comment=comment,
                        edited_result=edited,
                    )
                ]
            )
            if answered.state is TaskState.RESOLVED:
                self._conclude(tx, answered, given)
            else:
                _keep_panel_label(tx, answered)
            return answered

        return self._move(order.task_id, principal, receipt, act, "task.answered")

    def undo(
        self, task_id: TaskId, principal: Principal, receipt: Receipt[TaskView]
    ) -> dict[str, Any]:
        """Take one's own verdict back before its delivery leaves."""

        def act(tx: Transaction, task: ReviewTask, now: datetime) -> ReviewTask:
            lease = self._gates.of(task.gate).review.lease
            if tx.decisions.taken_by(task.decision_id) is not None:
                raise UndoWindowClosed
            undone = review_moves.undo(task, principal.name, new_lease_token(), now, lease)
            tx.labels.remove(task.decision_id)
            if undone.answers:
                _keep_panel_label(tx, undone)
            drafts = [draft_of_task(undone, "undone", principal.name, now)]
            if latest := tx.deliveries.latest_of_task(task.id):
                locked = tx.deliveries.lock(latest.id)
                if locked is None or locked.attempts:
                    raise UndoWindowClosed
                cancelled = deliveries.cancelled(locked, now)
                tx.deliveries.save(cancelled)
                drafts.append(draft_of_delivery(cancelled, "cancelled", principal.name, now))
            if not task.audit:
                tx.decisions.set_outcome(task.decision_id, None)
            tx.tasks.save(undone)
            tx.audit.append(drafts)
            return undone

        return self._move(task_id, principal, receipt, act, "task.undone")

    # --- inside a transaction ---

    def _move(
        self,
        task_id: TaskId,
        principal: Principal,
        receipt: Receipt[TaskView],
        act: Callable[[Transaction, ReviewTask, datetime], ReviewTask],
        event: str | None,
    ) -> dict[str, Any]:
        principal.demand(Scope.REVIEW, Scope.MANAGE)

        def moved() -> TaskView:
            task = _visible(tx.tasks.lock(task_id), principal)
            # The time once the task is ours: whoever had it before may have kept it for long.
            return self._see.one(tx, act(tx, task, self._clock.now()))

        with self._store.transaction() as tx:
            answer = receipt.once(tx, self._clock.now(), moved)
        if event:
            self._tell(task_id, event)
        return answer

    def _claim(
        self, tx: Transaction, task: ReviewTask, principal: Principal, now: datetime
    ) -> ReviewTask:
        lease = self._gates.of(task.gate).review.lease
        claimed = review_moves.claim(task, principal.reviewer, new_lease_token(), now, lease)
        tx.tasks.save(claimed)
        tx.audit.append([draft_of_task(claimed, "claimed", principal.name, now)])
        return claimed

    def _as_kept(self, tx: Transaction, task: ReviewTask, order: AnswerOrder) -> tuple[str, Json]:
        decision = tx.decisions.get(task.decision_id)
        if decision is None:
            raise UnknownTask  # every task has one
        redaction = self._gates.of(task.gate).guards.redaction
        return answered(order.comment, order.edited_result, decision, redaction, self._redactor)

    def _conclude(self, tx: Transaction, task: ReviewTask, given: GivenAnswer) -> None:
        decision = tx.decisions.get(task.decision_id)
        verdict = task.verdict
        if decision is None or verdict is None or task.settles_at is None:
            raise UnknownTask  # a resolved task has all three
        keep_label(tx, decision, given)
        self._meter.reviewed(task.gate, (given.at - task.created_at).total_seconds())
        if task.audit:
            return
        outcome = Outcome(
            verdict=verdict,
            by=DecidedBy.HUMAN,
            decided_at=given.at,
            settles_at=task.settles_at,
            reviewer=given.reviewer,
            comment=given.comment,
            edited_result=given.edited_result,
        )
        conclude(tx, self._writer, decision, task, outcome, actor=given.reviewer, now=given.at)

    def _tell(self, key: str, what: str) -> None:
        self._bus.publish(Event(topic="task", key=key, what=what))


def _keep_panel_label(tx: Transaction, task: ReviewTask) -> None:
    """Keep what was said last of an open task, if the panel asks it: what people do not agree on
    takes them longer, and the panel must not be without it."""
    decision = tx.decisions.get(task.decision_id)
    if decision is not None and decision.panel:
        keep_label(tx, decision, task.answers[-1])


def _gates(principal: Principal, gate: str | None) -> frozenset[str] | None:
    if gate is None:
        return principal.gates
    return frozenset({gate}) if principal.sees(gate) else frozenset()


def _visible(task: ReviewTask | None, principal: Principal) -> ReviewTask:
    if task is None or not principal.sees(task.gate):
        raise UnknownTask
    return task
