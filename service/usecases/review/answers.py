"""An answer, given or taken back, with its label, outcome and delivery: in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.domain import delivery as deliveries
from service.domain import review_moves
from service.domain.access import Principal
from service.domain.errors import UndoWindowClosed, UnknownTask
from service.domain.ids import TaskId
from service.domain.outcome import DecidedBy, Outcome
from service.domain.review import Answer, GivenAnswer, ReviewTask, TaskState
from service.domain.values import Json
from service.ports.guard import Redactor
from service.ports.meter import Meter
from service.ports.resumer import MessageWriter
from service.ports.store import Transaction
from service.usecases.gates.policy_cache import GateBook
from service.usecases.review.conclude import conclude
from service.usecases.review.labels import keep_label
from service.usecases.shared.audit_events.deliveries import draft_of_delivery
from service.usecases.shared.audit_events.tasks import draft_of_task
from service.usecases.shared.new_ids import new_lease_token
from service.usecases.shared.redaction import answered

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


class Answers:
    def __init__(
        self,
        *,
        gates: GateBook,
        writer: MessageWriter,
        meter: Meter,
        redactor: Redactor,
        sure: Callable[[ReviewTask], bool],
    ) -> None:
        self._gates = gates
        self._writer = writer
        self._meter = meter
        self._redactor = redactor
        self._sure = sure

    def give(
        self,
        tx: Transaction,
        task: ReviewTask,
        order: AnswerOrder,
        principal: Principal,
        now: datetime,
    ) -> ReviewTask:
        """Record the answer; where it ends the task, its label, outcome and delivery too."""
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

    def take_back(
        self, tx: Transaction, task: ReviewTask, principal: Principal, now: datetime
    ) -> ReviewTask:
        """Undo the answer, with its label, outcome and delivery. Raises UndoWindowClosed."""
        lease = self._gates.of(task.gate).review.lease
        if tx.decisions.taken_by(task.decision_id) is not None:
            raise UndoWindowClosed
        undone = review_moves.undo(task, principal.name, new_lease_token(), now, lease)
        tx.labels.remove(task.decision_id)
        if undone.answers:
            _keep_panel_label(tx, undone)
        drafts = [draft_of_task(undone, "undone", principal.name, now)]
        is_verdict = task.state is TaskState.RESOLVED
        if is_verdict and (latest := tx.deliveries.latest_of_task(task.id)):
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


def _keep_panel_label(tx: Transaction, task: ReviewTask) -> None:
    """Keep what was said last of an open task, if the panel asks it: what people do not agree on
    takes them longer, and the panel must not be without it."""
    decision = tx.decisions.get(task.decision_id)
    if decision is not None and decision.panel:
        keep_label(tx, decision, task.answers[-1])
