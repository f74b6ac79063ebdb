"""Tasks as people may see them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from service.domain.access import Principal
from service.domain.decision import Decision, hidden
from service.domain.delivery import Delivery
from service.domain.errors import UnknownTask
from service.domain.review import OPEN, ReviewTask, TaskState
from service.ports.clock import Clock
from service.ports.guard import Redactor
from service.ports.store import Transaction
from service.usecases.gates.policy_cache import GateBook
from service.usecases.shared.redaction import shown


@dataclass(frozen=True, kw_only=True)
class TaskView:
    """A task as people see it: with the decision it came from and where its delivery stands.

    Where the gate has a panel, the AI's word is `blind`, hidden until the answer is final, on
    every task: so nobody can tell the panel's items, nor lean on the AI for them.
    """

    task: ReviewTask
    decision: Decision
    delivery: Delivery | None = None
    blind: bool = False


class TaskViews:
    def __init__(self, gates: GateBook, clock: Clock, redactor: Redactor) -> None:
        self._gates = gates
        self._redactor = redactor
        self._clock = clock

    def one(self, tx: Transaction, task: ReviewTask) -> TaskView:
        return self.many(tx, [task])[0]

    def many(self, tx: Transaction, tasks: Sequence[ReviewTask]) -> list[TaskView]:
        decisions = tx.decisions.get_many([task.decision_id for task in tasks])
        latest = tx.deliveries.latest_of_tasks([task.id for task in tasks])
        return [
            self._seen(task, decisions[task.decision_id], latest.get(task.id)) for task in tasks
        ]

    def _seen(self, task: ReviewTask, decision: Decision, delivery: Delivery | None) -> TaskView:
        policy = self._gates.of(task.gate)
        has_panel = task.audit or decision.panel or policy.asks_blindly
        blind = has_panel and not self._is_over(task)
        if blind:
            decision = hidden(decision)
        elif task.audit:
            decision = replace(decision, outcome=None)  # it was the gate's, not the reviewer's
        decision = shown(decision, policy.guards.redaction, self._redactor)
        return TaskView(task=task, decision=decision, delivery=delivery, blind=blind)

    def _is_over(self, task: ReviewTask) -> bool:
        """No answer can come any more, nor be taken back and given again by who has looked."""
        if task.state is TaskState.RESOLVED:
            return task.settles_at is not None and self._clock.now() >= task.settles_at
        return task.state not in OPEN


def gates_seen(principal: Principal, gate: str | None) -> frozenset[str] | None:
    """The gate asked for if this principal may see it, or all that they may (None: every gate)."""
    if gate is None:
        return principal.gates
    return frozenset({gate}) if principal.sees(gate) else frozenset()


def visible(task: ReviewTask | None, principal: Principal) -> ReviewTask:
    """The task, if there is one that this principal may see. Raises UnknownTask."""
    if task is None or not principal.sees(task.gate):
        raise UnknownTask
    return task
