"""Time passes: leases lapse, deadlines fall due, old keys and sessions are forgotten."""

from datetime import timedelta

from service.domain import review_moves
from service.domain.outcome import DecidedBy, Outcome
from service.domain.review import ReviewTask
from service.ports.bus import Bus, Event
from service.ports.clock import Clock
from service.ports.resumer import MessageWriter
from service.ports.store import Store, Transaction
from service.usecases.gates.policy_cache import GateBook
from service.usecases.review.conclude import conclude
from service.usecases.shared.audit_events.tasks import draft_of_task
from service.usecases.shared.periodic import PeriodicTask

SWEEP_EVERY_SECONDS = 1.0
TASKS_PER_SWEEP = 200
KEYS_KEPT_FOR = timedelta(hours=24)


class TimeKeeper:
    def __init__(
        self, *, store: Store, gates: GateBook, writer: MessageWriter, bus: Bus, clock: Clock
    ) -> None:
        self._store = store
        self._gates = gates
        self._writer = writer
        self._bus = bus
        self._clock = clock

    def periodic_task(self) -> PeriodicTask:
        return PeriodicTask(
            name="deadlines",
            turn=lambda _: self.sweep(),
            every_seconds=SWEEP_EVERY_SECONDS,
            failure_event="sweep.failed",
        )

    def sweep(self) -> int:
        """Move what is due: deadlines first, then lapsed leases. Returns how many tasks moved."""
        now = self._clock.now()
        with self._store.transaction() as tx:
            due = tx.tasks.due(now, TASKS_PER_SWEEP)
            for task in due:
                if now >= task.deadline_at:
                    self._expire(tx, task)
                else:
                    lapsed = review_moves.lapse(task, now)
                    tx.tasks.save(lapsed)
                    tx.audit.append([draft_of_task(lapsed, "lapsed", "clock", now)])
            tx.idempotency.forget_before(now - KEYS_KEPT_FOR)
            tx.access.end_sessions_before(now)
        self._bus.publish(*(Event(topic="task", key=task.id, what="task.due") for task in due))
        return len(due)

    def _expire(self, tx: Transaction, task: ReviewTask) -> None:
        """The policy's word on silence: reject, unless it says approve in so many words."""
        now = self._clock.now()
        rules = self._gates.of(task.gate).review
        expired = review_moves.expire(task, now)
        tx.tasks.save(expired)
        tx.audit.append(
            [draft_of_task(expired, "expired", "clock", now, on_deadline=rules.on_deadline.value)]
        )
        decision = tx.decisions.get(task.decision_id)
        if decision is None or task.audit:
            return
        outcome = Outcome(
            verdict=rules.on_deadline,
            by=DecidedBy.TIMEOUT,
            decided_at=now,
            settles_at=now,
            comment="Nobody decided before the deadline.",
        )
        conclude(tx, self._writer, decision, expired, outcome, actor="clock", now=now)
