"""The loops beside the web."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from service.configuration import Configuration
from service.ports.bus import Bus
from service.ports.clock import Clock
from service.ports.store import Store
from service.resume import ResumeMessageWriter, make_resumers
from service.telemetry.metrics import Metrics
from service.usecases.certification.auto_certify import Learner
from service.usecases.certification.drift_monitor import Watcher
from service.usecases.deliveries.worker import DeliveryWorker
from service.usecases.gates.policy_cache import GateBook
from service.usecases.review.expiry import TimeKeeper


@dataclass(kw_only=True)
class Background:
    """The loops beside the web: deliveries and the clock. Each stops when told to."""

    loops: tuple[Callable[[threading.Event], None], ...]
    wake: Callable[[], None]
    stop: threading.Event
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        for loop in self.loops:
            thread = threading.Thread(target=loop, args=(self.stop,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        self.stop.set()
        self.wake()
        for thread in self._threads:
            thread.join(timeout=10)


def build_background(
    configuration: Configuration,
    store: Store,
    bus: Bus,
    gates: GateBook,
    clock: Clock,
    metrics: Metrics,
    learner: Learner,
    watcher: Watcher,
) -> Background:
    """What a worker does; `serve` runs it inside unless told otherwise."""
    stop = threading.Event()
    worker = DeliveryWorker(
        store=store,
        resumers=make_resumers(configuration.apps, clock, stop),
        bus=bus,
        clock=clock,
        meter=metrics,
    )
    keeper = TimeKeeper(
        store=store,
        gates=gates,
        writer=ResumeMessageWriter(configuration.apps),
        bus=bus,
        clock=clock,
    )
    loops = (gates.follow, worker.run, keeper.run, learner.run, watcher.run)
    return Background(loops=loops, wake=worker.wake, stop=stop)
