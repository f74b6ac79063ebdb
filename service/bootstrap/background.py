"""The loops beside the web."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from service.bootstrap.installation import Installation
from service.ports.bus import Bus
from service.ports.meter import Meter
from service.resume import ResumeMessageWriter, make_resumers
from service.telemetry.metrics import Metrics
from service.usecases.certification.auto_certify import Learner
from service.usecases.certification.drift_monitor import Watcher
from service.usecases.deliveries.worker import DeliveryWorker
from service.usecases.review.expiry import TimeKeeper
from service.usecases.shared.periodic import PeriodicTask

type Loop = Callable[[threading.Event], None]
"""Works until it is told to stop."""


class Repeated(Protocol):
    """What has to be done again and again."""

    def periodic_task(self) -> PeriodicTask: ...


@dataclass(kw_only=True)
class Background:
    """What works beside the web, each in a thread of its name: tasks that are repeated at an
    interval, and `loops` that wait for work by themselves. Each stops when told to."""

    meter: Meter
    tasks: list[PeriodicTask] = field(default_factory=list)
    loops: dict[str, Loop] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    wake: Callable[[], None] = lambda: None
    _threads: list[threading.Thread] = field(default_factory=list)

    def repeat(self, *repeated: Repeated) -> None:
        """What is to be repeated from the start on."""
        self.tasks += [one.periodic_task() for one in repeated]

    def run(self, name: str, loop: Loop) -> None:
        """What is to run from the start on, under this name."""
        self.loops[name] = loop

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
    installation: Installation,
    bus: Bus,
    metrics: Metrics,
    *,
    learner: Learner,
    watcher: Watcher,
) -> Background:
    """What a worker does; `serve` runs it inside unless told otherwise."""
    stop = threading.Event()
    store, gates, clock = installation.store, installation.gates, installation.clock
    apps = installation.configuration.apps
    worker = DeliveryWorker(
        store=store,
        resumers=make_resumers(apps, clock, stop),
        bus=bus,
        clock=clock,
        meter=metrics,
    )
    keeper = TimeKeeper(
        store=store, gates=gates, writer=ResumeMessageWriter(apps), bus=bus, clock=clock
    )
    background = Background(meter=metrics, stop=stop, wake=worker.wake)
    background.repeat(gates, keeper, learner, watcher)
    background.run("deliveries", worker.run)
    return background
