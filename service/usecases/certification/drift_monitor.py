"""The watcher looks at every gate now and then, and adapts it where what it saw calls for that.

What follows is another policy version with its cause, never a hidden state; and it is only ever
stricter than the certificate.
"""

from contextlib import suppress
from dataclasses import replace

import structlog

from service.domain.adaptation import Adapted, Mode
from service.domain.change import Cause, Change
from service.domain.errors import ChangedMeanwhile
from service.domain.gate import GatePolicy
from service.ports.bus import Bus, Event
from service.ports.clock import Clock
from service.ports.meter import Meter
from service.ports.store import Store
from service.thresholds.safety.look import Watch
from service.thresholds.safety.transitions import plan
from service.thresholds.workload import Workload
from service.usecases.certification.drift_check import seen_of
from service.usecases.certification.workload import workload
from service.usecases.gates.policy_cache import GateBook
from service.usecases.gates.policy_versions import succeed
from service.usecases.shared.periodic import Failures, PeriodicTask

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 10.0
BY_WATCHING = "watcher"


class Watcher:
    def __init__(
        self, *, store: Store, gates: GateBook, bus: Bus, clock: Clock, meter: Meter
    ) -> None:
        self._store = store
        self._gates = gates
        self._bus = bus
        self._clock = clock
        self._meter = meter
        self._overloaded: set[str] = set()

    def periodic_task(self) -> PeriodicTask:
        return PeriodicTask(
            name="watcher",
            turn=self._look_at_all,
            every_seconds=LOOK_EVERY_SECONDS,
            failure_event="watching.failed",
        )

    def _look_at_all(self, failures: Failures) -> None:
        for policy in self._gates.offered():
            # One gate's trouble is not the others'. Where somebody was faster, the next turn looks
            # at what they made.
            with failures.survived(gate=policy.gate), suppress(ChangedMeanwhile):
                self.look_at(policy)
            with failures.survived(gate=policy.gate):  # the workload is measured in any case
                self.weigh(policy)

    def look_at(self, policy: GatePolicy) -> Adapted | None:
        """Look at the gate and adapt it where that is called for. Returns what it was made to do,
        None where it stays as it is. Raises ChangedMeanwhile."""
        with self._store.reading() as tx:
            seen = seen_of(tx, policy, self._clock.now())
        if seen is None:
            return None
        wanted = plan(policy.adapted, seen, self._clock.now())
        if wanted is None:
            return None
        self._put(policy, wanted)
        return wanted

    def workload(self, policy: GatePolicy) -> Workload | None:
        """What the gate asks of people in a day; None where it is not known yet."""
        with self._store.reading() as tx:
            return workload(tx, policy, self._clock.now())

    def weigh(self, policy: GatePolicy) -> None:
        """Measure what the gate asks of people, and say it loudly where they cannot do so much.

        Nothing is approved for that beyond what is proven: who reviews, or what is promised, is
        for people to change.
        """
        if policy.contract is None or policy.contract.reviews_a_day is None:
            return
        found = self.workload(policy)
        if found is None or found.capacity is None:
            return
        self._meter.asked_of_people(policy.gate, found.reviews_a_day / found.capacity)
        if found.exceeded and policy.gate not in self._overloaded:
            log.error(
                "gate.overloaded",
                gate=policy.gate,
                reviews_a_day=round(found.reviews_a_day),
                capacity=found.capacity,
            )
        (self._overloaded.add if found.exceeded else self._overloaded.discard)(policy.gate)

    def watch(self, policy: GatePolicy) -> Watch | None:
        """What watching the gate finds now; None where there is nothing certified to watch."""
        with self._store.reading() as tx:
            seen = seen_of(tx, policy, self._clock.now())
        return None if seen is None else seen.watch

    def _put(self, policy: GatePolicy, adapted: Adapted) -> None:
        change = Change(cause=Cause.ADAPTATION, actor=BY_WATCHING, note=adapted.cause)
        with self._store.transaction() as tx:
            made = succeed(
                tx,
                replace(policy, adapted=adapted),
                over=policy.version,
                change=change,
                now=self._clock.now(),
            )
        self._gates.load()
        self._bus.publish(Event(topic="gate", key=policy.gate, what="gate.adapted"))
        self._meter.adapted(policy.gate, adapted.mode.value)
        tell = log.error if adapted.mode is Mode.SAFE else log.info
        tell(
            "gate.adapted",
            gate=policy.gate,
            version=made.version,
            mode=adapted.mode.value,
            cause=adapted.cause,
        )
