"""The worker: what runs beside `serve --no-worker`."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.bootstrap.adapters import open_bus
from service.bootstrap.background import Background, build_background
from service.bootstrap.installation import open_installation
from service.bootstrap.learning import build_learner
from service.settings import Settings
from service.telemetry.metrics import Metrics
from service.usecases.certification.drift_monitor import Watcher


@contextmanager
def open_worker(settings: Settings) -> Iterator[Background]:
    """What a worker does, not yet started; the bus and the store are closed at the end."""
    with open_installation(settings) as installation:
        store, gates, clock = installation.store, installation.gates, installation.clock
        configuration, shelf = installation.configuration, installation.shelf
        bus = open_bus(settings)
        try:
            learner = build_learner(store, bus, gates, clock, shelf, configuration.language_models)
            metrics = Metrics()
            watcher = Watcher(store=store, gates=gates, bus=bus, clock=clock, meter=metrics)
            background = build_background(
                configuration, store, bus, gates, clock, metrics, learner, watcher
            )
            background.tasks += (shelf.book.periodic_task(),)
            yield background
        finally:
            bus.close()
