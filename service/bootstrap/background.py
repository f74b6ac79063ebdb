"""The loops beside the web."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from service.configuration import Configuration
from service.ports.bus import Bus
from service.ports.clock import Clock
from service.ports.meter import Meter
from service.ports.store import Store
from service.resume import ResumeMessageWriter, make_resumers
from service.telemetry.metrics import Metrics
from service.usecases.certification.auto_certify import Learner
from service.usecases.certification.drift_monitor import Watcher
from service.usecases.deliveries.worker import DeliveryWorker
from service.usecases.gates.policy_cache import GateBook
from service.usecases.review.expiry import TimeKeeper
from service.usecases.shared.periodic import PeriodicTask

type Loop = Callable[[threading.Event], None]
"""Works until it is told to stop."""


@dataclass(kw_only=True)
class Background:
    """What works beside the web, each in a thread of its name: tasks that are repeated at an
    interval, and `loops` that wait for work by themselves. Each stops when told to."""

    tasks: tuple[PeriodicTask, ...]
    loops: Mapping[str, Loop] = field(default_factory=dict)
    meter: Meter
    stop: threading.Event = field(default_factory=threading.Event)
    wake: Callable[[], None] = lambda: None
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        for task in self.tasks:
            self._start(task.name, partial(task.run, meter=self.meter))
        for name, loop in self.loops.items():
            self._start(name, loop)

    def _start(self, name: str, loop: Loop) -> None:
        thread = threading.Thread(target=loop, args=(self.stop,), name=name, daemon=True)
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
    repeated = (gates, keeper, learner, watcher)
    return Background(
        tasks=tuple(one.periodic_task() for one in repeated),
        loops={"deliveries": worker.run},
        meter=metrics,
        stop=stop,
        wake=worker.wake,
    )
