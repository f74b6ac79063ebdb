"""What the settings name: the store, the configuration, the gates in force and their bundles."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from service.bootstrap.preparing import prepare
from service.bootstrap.shelf import Shelf, calibrators_among, labels_among
from service.bootstrap.stores import open_store
from service.configuration import Configuration, Workshop
from service.ports.clock import Clock, SystemClock
from service.ports.store import Store
from service.settings import Settings
from service.thresholds.replay import CalibratorOf
from service.usecases.gates.policy_cache import GateBook


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What every process has, whether it serves, works or runs a command."""

    settings: Settings
    store: Store
    clock: Clock
    configuration: Configuration
    gates: GateBook
    shelf: Shelf

    @property
    def workshop(self) -> Workshop:
        """Makes policies from what people write, for the models and apps of this installation."""
        labels_of = labels_among(self.shelf.bundles, self.configuration.language_models)
        return Workshop(self.configuration.apps, labels_of)

    @property
    def calibrator_of(self) -> CalibratorOf:
        return calibrators_among(self.shelf.bundles, self.configuration.language_models)


def prepare_installation(
    settings: Settings, store: Store, clock: Clock | None = None
) -> Installation:
    """Prepare what every process prepares. Raises GateError where the settings cannot work."""
    clock = clock or SystemClock()
    configuration, gates, shelf = prepare(settings, store, clock)
    return Installation(
        settings=settings,
        store=store,
        clock=clock,
        configuration=configuration,
        gates=gates,
        shelf=shelf,
    )


@contextmanager
def open_installation(settings: Settings) -> Iterator[Installation]:
    """The installation, for a command; its store is closed at the end. Raises GateError too."""
    with open_store(settings) as store:
        yield prepare_installation(settings, store)
