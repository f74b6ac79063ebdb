"""The worker: what runs beside `serve --no-worker`."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.bootstrap.adapters import open_bus
from service.bootstrap.background import Background, build_background
from service.bootstrap.installation import open_installation
from service.bootstrap.usecases import build_learner, build_watcher
from service.settings import Settings
from service.telemetry.metrics import Metrics


@contextmanager
def open_worker(settings: Settings) -> Iterator[Background]:
    """What a worker does, not yet started; the bus and the store are closed at the end."""
    with open_installation(settings) as installation:
        bus, metrics = open_bus(settings), Metrics()
        try:
            background = build_background(
                installation,
                bus,
                metrics,
                learner=build_learner(installation, bus),
                watcher=build_watcher(installation, bus, metrics),
            )
            background.repeat(installation.shelf.book)
            yield background
        finally:
            bus.close()
