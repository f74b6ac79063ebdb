"""What the settings name, opened for a command."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from service.bootstrap.preparing import prepare
from service.bootstrap.shelf import Shelf
from service.bootstrap.stores import open_store
from service.configuration import Configuration
from service.ports.clock import Clock, SystemClock
from service.ports.store import Store
from service.settings import Settings
from service.usecases.gates.policy_cache import GateBook


@dataclass(frozen=True, kw_only=True)
class Installation:
    """The store, the configuration, the gates in force, and the bundles that they name."""

    settings: Settings
    store: Store
    clock: Clock
    configuration: Configuration
    gates: GateBook
    shelf: Shelf


@contextmanager
def open_installation(settings: Settings) -> Iterator[Installation]:
    """Prepare what every process prepares, and close the store at the end.

    Raises GateError where the settings cannot work.
    """
    clock = SystemClock()
    with open_store(settings) as store:
        configuration, gates, shelf = prepare(settings, store, clock)
        yield Installation(
            settings=settings,
            store=store,
            clock=clock,
            configuration=configuration,
            gates=gates,
            shelf=shelf,
        )
