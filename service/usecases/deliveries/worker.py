"""Deliver: drain the outbox. At least once, each try counted before it is made, never in a
transaction, and marked delivered only with a proof."""

import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog

from service.domain import delivery as deliveries
from service.domain.access import Principal, Scope
from service.domain.decision import ResumeMode
from service.domain.delivery import LONGEST_WISH, Delivery, DeliveryState
from service.domain.errors import UnknownDelivery
from service.domain.ids import DeliveryId
from service.ports.bus import Bus, Event
from service.ports.clock import Clock
from service.ports.meter import Meter
from service.ports.page import Page
from service.ports.resumer import DeliveryDead, DeliveryFailed, Resumer
from service.ports.store import Store
from service.usecases.shared.audit_events.deliveries import draft_of_delivery
from service.usecases.shared.idempotency import IdempotentRequest, once
from service.usecases.shared.periodic import Failures, PeriodicTask

log = structlog.get_logger()

TRIES_AT_ONCE = 8
HOLD = timedelta(seconds=6)
"""How long a try hides its delivery from other workers; renewed while the try goes on, so after
a crash another worker takes over within this time."""
RENEW_EVERY_SECONDS = 2.0
LOOK_EVERY_SECONDS = 2.0
"""The longest sleep between looks at the outbox: how late a lost wake-up can make a delivery."""


LEAVES_A_DELIVERY = frozenset({"task.answered", "task.due"})
"""What happens to tasks and may leave a delivery behind: a verdict, and a deadline."""


class Move(Protocol):
    """A transition of the delivery machine that only wants to know the time."""

    def __call__(self, delivery: Delivery, /, *, now: datetime) -> Delivery: ...


class Deliveries:
    """What people see of deliveries, and the manager's replay of a dead letter."""

    def __init__(self, *, store: Store, bus: Bus, clock: Clock) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock

    def browse(
        self, principal: Principal, *, state: DeliveryState | None, page: Page
    ) -> list[Delivery]:
        principal.demand(Scope.READ, Scope.MANAGE)
        with self._store.reading() as tx:
            return tx.deliveries.browse(gates=principal.gates, state=state, page=page)

    def replay(
        self,
        delivery_id: DeliveryId,
        principal: Principal,
        *,
        request: IdempotentRequest[Delivery] | None = None,
    ) -> Delivery:
        """Send a dead letter again. The verdict was never in question."""
        principal.demand(Scope.MANAGE)
        now = self._clock.now()
        with self._store.transaction() as tx, once(tx, request, now) as answered:
            delivery = tx.deliveries.lock(delivery_id)
            if delivery is None or not principal.sees(delivery.gate):
                raise UnknownDelivery
            replayed = answered(deliveries.replayed(delivery, now))
            tx.deliveries.save(replayed)
            tx.audit.append([draft_of_delivery(replayed, "replayed", principal.name, now)])
        self._bus.publish(Event(topic="delivery", key=delivery_id, what="delivery.replayed"))
        return replayed


class Attempt:
    """One try's memory: durable before the next step is taken."""

    def __init__(self, store: Store, clock: Clock, delivery: Delivery) -> None:
        self._store = store
        self._clock = clock
        self._delivery = delivery

    def submitted(self) -> None:
        with self._store.transaction() as tx:
            current = tx.deliveries.lock(self._delivery.id)
            if current is not None and current.state is DeliveryState.PENDING:
                tx.deliveries.save(deliveries.submitted(current, self._clock.now()))

    def taken_by(self) -> str | None:
        with self._store.reading() as tx:
            return tx.decisions.taken_by(self._delivery.decision_id)


def may_fill_the_outbox(event: Event) -> bool:
    """Whether this is news for whoever drains it: most tasks are only made and taken."""
    return event.topic == "delivery" or event.what in LEAVES_A_DELIVERY


class DeliveryWorker:
    def __init__(
        self,
        *,
        store: Store,
        resumers: Mapping[ResumeMode, Resumer],
        bus: Bus,
        clock: Clock,
        meter: Meter,
    ) -> None:
        self._store = store
        self._resumers = resumers
        self._bus = bus
        self._clock = clock
        self._meter = meter
        self._trying: dict[DeliveryId, Future[None]] = {}
        self._lock = threading.Lock()
        self._awake = threading.Event()
        self._stop = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Drain the outbox until told to stop; tries under way are finished or left to others."""
        self._stop = stop
        listener = threading.Thread(
            target=self._listen, args=(stop,), name="delivery-wakeups", daemon=True
        )
        listener.start()
        holds = PeriodicTask(
            name="delivery-holds",
            turn=self._renew_holds,
            every_seconds=RENEW_EVERY_SECONDS,
            failure_event="delivery.hold_not_renewed",
        )
        renewer = threading.Thread(
            target=holds.run, args=(stop, self._meter), name=holds.name, daemon=True
        )
        renewer.start()
        failures = Failures(task="deliveries", event="deliveries.look_failed", meter=self._meter)
        with ThreadPoolExecutor(TRIES_AT_ONCE, thread_name_prefix="delivery") as pool:
            while not stop.is_set():
                self._awake.clear()
                pause = LOOK_EVERY_SECONDS
                with failures.survived():
                    self._start_due(pool)
                    pause = self._pause()
                self._awake.wait(pause)

    def wake(self) -> None:
        self._awake.set()

    def _start_due(self, pool: ThreadPoolExecutor) -> None:
        with self._lock:
            free = TRIES_AT_ONCE - len(self._trying)
        if free <= 0:
            return
        for delivery in self.claim(free):
            with self._lock:
                self._trying[delivery.id] = pool.submit(self._try_and_forget, delivery)

    def claim(self, limit: int) -> list[Delivery]:
        """Take what is due, each with its try counted already: a crash in its middle counts."""
        now = self._clock.now()
        with self._store.transaction() as tx:
            due = [deliveries.attempt(d) for d in tx.deliveries.claim_due(now, HOLD, limit)]
            for delivery in due:
                tx.deliveries.save(delivery)
        return due

    def attempt(self, delivery: Delivery) -> Delivery:
        """Try once, and write down how it ended."""
        what, move = self._outcome_of(delivery)
        return self._settle(delivery, what, move)

    # --- inside ---

    def _outcome_of(self, delivery: Delivery) -> tuple[str, Move]:
        attempt = Attempt(self._store, self._clock, delivery)
        try:
            proof = self._resumers[delivery.mode].resume(delivery, attempt)
        except DeliveryDead as death:
            return "dead", partial(deliveries.dead, reason=death.reason)
        except DeliveryFailed as failure:
            if self._stop.is_set():  # a try that we broke off says nothing of the receiver
                return "put_off", partial(deliveries.put_off, reason=failure.reason)
            # Clamped before it becomes a timedelta: a receiver may wish for absurd spans.
            after = min(failure.retry_after or 0, LONGEST_WISH.total_seconds())
            return "failed", partial(
                deliveries.failed,
                reason=failure.reason,
                retry_after=timedelta(seconds=after),
            )
        except Exception as crash:  # a bug of ours must not lose the message: try again later
            log.exception("delivery.crashed", delivery=delivery.id)
            reason = f"internal_error: {type(crash).__name__}; see the service's log"
            return "failed", partial(deliveries.failed, reason=reason)
        return "delivered", partial(deliveries.delivered, proof=proof)

    def _try_and_forget(self, delivery: Delivery) -> None:
        try:
            self.attempt(delivery)
        except Exception:  # the store went away: the hold lapses, and the try is made again
            log.exception("delivery.not_marked", delivery=delivery.id)
        finally:
            with self._lock:
                self._trying.pop(delivery.id, None)
            self._awake.set()

    def _settle(self, delivery: Delivery, what: str, move: Move) -> Delivery:
        now = self._clock.now()
        with self._store.transaction() as tx:
            current = tx.deliveries.lock(delivery.id)
            if current is None or current.state is not DeliveryState.PENDING:
                return current or delivery  # somebody else has settled it meanwhile
            settled = move(current, now=now)
            tx.deliveries.save(settled)
            tx.audit.append([draft_of_delivery(settled, what, "worker", now)])
        self._meter.attempted(settled)
        log.info(
            f"delivery.{what}",
            delivery=settled.id,
            state=settled.state.value,
            attempts=settled.attempts,
            reason=settled.reason,
            proof=settled.proof and settled.proof.kind,
        )
        self._bus.publish(
            Event(topic="delivery", key=settled.id, what=f"delivery.{what}"),
            Event(topic="decision", key=settled.decision_id, what=f"delivery.{what}"),
        )
        return settled

    def _pause(self) -> float:
        with self._store.reading() as tx:
            next_at = tx.deliveries.next_due_at()
        if next_at is None:
            return LOOK_EVERY_SECONDS
        wait = (next_at - self._clock.now()).total_seconds()
        return min(max(wait, 0.01), LOOK_EVERY_SECONDS)

    def _listen(self, stop: threading.Event) -> None:
        with self._bus.subscribe(may_fill_the_outbox) as events:
            while not stop.is_set():
                if events.next(timeout=1.0) is not None:
                    self._awake.set()
        self._awake.set()

    def _renew_holds(self, failures: Failures) -> None:
        with self._lock:
            trying = list(self._trying)
        for delivery_id in trying:
            with failures.survived(delivery=delivery_id), self._store.transaction() as tx:
                tx.deliveries.hold(delivery_id, self._clock.now() + HOLD)
