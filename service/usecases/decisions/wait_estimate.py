"""How long will an item wait that comes now? What waits, at the pace of the last hour."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from service.domain.review import OPEN
from service.ports.clock import Clock
from service.ports.store import Store
from service.usecases.shared.periodic import PeriodicTask

REFRESH_EVERY_SECONDS = 5.0
PACE_OF = timedelta(hours=1)
FEWEST_FOR_A_PACE = 3


class Forecast:
    """A figure for every gate, taken now and then, so that a decision need not count the queue."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._seconds: Mapping[str, float] = {}

    def periodic_task(self) -> PeriodicTask:
        """Count again now and then. Until then the last figures stand."""
        return PeriodicTask(
            name="forecast",
            turn=lambda _: self.refresh(),
            every_seconds=REFRESH_EVERY_SECONDS,
            failure_event="forecast.failed",
        )

    def refresh(self) -> None:
        with self._store.reading() as tx:
            resolved = tx.tasks.count_resolved(self._clock.now() - PACE_OF)
            waiting: Counter[str] = Counter()
            for (gate, state), count in tx.tasks.count_by_state(None).items():
                waiting[gate] += count if state in OPEN else 0
        # Little's law: time in the queue = length of the queue / rate of leaving it.
        self._seconds = {
            gate: (waiting[gate] + 1) * PACE_OF.total_seconds() / count
            for gate, count in resolved.items()
            if count >= FEWEST_FOR_A_PACE
        }

    def seconds(self, gate: str) -> float | None:
        """The expected wait of an item that comes now; None where nobody has reviewed lately."""
        return self._seconds.get(gate)
