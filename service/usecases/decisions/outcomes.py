"""Outcomes: read how an item ended, take a verdict exactly once, report the truth learned later."""

from dataclasses import dataclass

from service.domain.access import Principal, Scope
from service.domain.decision import Decision
from service.domain.delivery import Delivery
from service.domain.errors import UnknownDecision, UnknownTask
from service.domain.ids import DecisionId, TaskId
from service.domain.outcome import Outcome, Truth, Verdict
from service.domain.review import ReviewTask, TaskState
from service.ports.bus import Bus, Event
from service.ports.clock import Clock
from service.ports.store import Store, Transaction
from service.usecases.shared.audit_events.decisions import draft_of_taking, draft_of_truth
from service.usecases.shared.idempotency import IdempotentRequest, once


@dataclass(frozen=True, kw_only=True)
class DecisionView:
    """A decision with its task and delivery; `outcome` is None until it is final.

    `settles_in` are the seconds until a verdict that can still be taken back becomes final.
    """

    decision: Decision
    task: ReviewTask | None
    delivery: Delivery | None
    outcome: Outcome | None
    settles_in: float | None = None

    @property
    def closed(self) -> bool:
        """Waiting for an outcome makes no sense: it is there, or the task was cancelled."""
        cancelled = self.task is not None and self.task.state is TaskState.CANCELLED
        return self.outcome is not None or cancelled


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a run is told that asks for the verdict. `duplicate`: another run has it already."""

    view: DecisionView
    duplicate: bool


class Outcomes:
    def __init__(self, *, store: Store, bus: Bus, clock: Clock) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock

    def read(self, decision_id: DecisionId, principal: Principal) -> DecisionView:
        """The decision as it stands. Reading changes nothing and may be repeated."""
        # Not for reviewers: it says what the AI thinks, which a gate with a panel keeps from them.
        principal.demand(Scope.DECIDE, Scope.READ)
        with self._store.reading() as tx:
            return self._view(tx, decision_id, principal)

    def take(self, decision_id: DecisionId, run_id: str, principal: Principal) -> Taken:
        """The verdict, for the first run to ask once it is final; that run may ask again."""
        principal.demand(Scope.DECIDE)
        with self._store.transaction() as tx:
            view = self._view(tx, decision_id, principal)
            if view.outcome is None:
                return Taken(view=view, duplicate=False)
            owner = tx.decisions.take(decision_id, run_id)
            if owner == run_id:
                taken = draft_of_taking(decision_id, run_id, principal.name, self._clock.now())
                tx.audit.append([taken])
        self._bus.publish(Event(topic="decision", key=decision_id, what="decision.taken"))
        return Taken(view=view, duplicate=owner != run_id)

    def decision_of_task(self, task_id: TaskId, principal: Principal) -> DecisionId:
        """The decision that a task belongs to. Raises UnknownTask."""
        with self._store.reading() as tx:
            task = tx.tasks.get(task_id)
        if task is None or not principal.sees(task.gate):
            raise UnknownTask
        return task.decision_id

    def report(
        self,
        decision_id: DecisionId,
        truth: Verdict,
        note: str,
        principal: Principal,
        *,
        request: IdempotentRequest[Truth] | None = None,
    ) -> Truth:
        """Record what turned out to be right. It never changes the verdict."""
        principal.demand(Scope.DECIDE, Scope.MANAGE)
        now = self._clock.now()
        reported = Truth(verdict=truth, note=note, reported_by=principal.name, reported_at=now)
        with self._store.transaction() as tx, once(tx, request, now) as answered:
            self._view(tx, decision_id, principal)
            tx.decisions.add_truth(decision_id, reported)
            tx.audit.append([draft_of_truth(decision_id, reported)])
            return answered(reported)

    def _view(self, tx: Transaction, decision_id: DecisionId, principal: Principal) -> DecisionView:
        decision = tx.decisions.get(decision_id)
        if decision is None or not principal.sees(decision.gate):
            raise UnknownDecision
        task = tx.tasks.of_decision(decision_id)
        if task is not None and task.audit:
            task = None  # the panel is nobody's business but the reviewer's
        now = self._clock.now()
        outcome = decision.outcome
        final = outcome is not None and outcome.is_final(now)
        return DecisionView(
            decision=decision,
            task=task,
            delivery=tx.deliveries.latest_of_task(task.id) if task else None,
            outcome=outcome if final else None,
            settles_in=(
                (outcome.settles_at - now).total_seconds() if outcome and not final else None
            ),
        )
