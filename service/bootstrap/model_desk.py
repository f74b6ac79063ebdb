"""The versions of models on this machine, and the store that says which are in force."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.bootstrap.adapters import make_registry, make_scorer
from service.bootstrap.stores import open_store
from service.domain.errors import BrokenBundle
from service.domain.model import Activation, wanted
from service.ports.clock import SystemClock
from service.ports.store import Store
from service.registry.mlflow import PREFIX, Mlflow
from service.registry.sources import Source, local_source
from service.registry.versions import Registry
from service.scoring.bundle import Bundle
from service.settings import Settings
from service.usecases.models.activate_model import ActivateModel, demand_fit


@dataclass(frozen=True, kw_only=True)
class ModelDesk:
    """The settings' registry and store, open."""

    settings: Settings
    registry: Registry
    store: Store
    activations: ActivateModel

    def active(self, model: str) -> str | None:
        """The version that is in force."""
        return self.active_in(model, self.activations.history(model))

    def active_in(self, model: str, history: list[Activation]) -> str | None:
        current = wanted(history)
        return current.version if current else self.registry.shipped_version(model)

    def run_once(self, bundle: Bundle) -> None:
        """Raises BrokenBundle unless the bundle's model runs here."""
        make_scorer(self.settings, bundle).close()

    def try_out(self, bundle: Bundle, model: str) -> None:
        """Raises BrokenBundle unless the bundle runs, and fits the gates that use the model."""
        self.run_once(bundle)
        users = self.activations.users(model)
        demand_fit(users, bundle.version, bundle.labels, bundle.approve_labels)

    def check(self, named: str) -> tuple[str, str]:
        """The version of the bundle there, and what is wrong with it: empty, where nothing is. It
        is not added."""
        version = ""
        with tempfile.TemporaryDirectory() as aside:
            scratch = Registry(self.settings.models_dir, Path(aside))
            try:
                with self._source(named) as source:
                    bundle = scratch.add(source)
                version = bundle.version
                self.try_out(bundle, bundle.name)
            except BrokenBundle as broken:
                return version, f"{broken.detail} {broken.fix}".strip()
        return version, ""

    def add(self, named: str) -> Bundle:
        """Make the bundle there a version of this machine. Raises BrokenBundle unless it is whole
        and runs."""
        with self._source(named) as source:
            return self.registry.add(source, self.run_once)

    def push(self, model: str, version: str) -> tuple[Bundle, str]:
        """Make a version of this machine one of MLflow's: the bundle, and its number there."""
        bundle = self.registry.load(model, version)
        with Mlflow(self.settings.mlflow_url) as server:
            return bundle, server.push(bundle, self.registry.folder(model, version))

    @contextmanager
    def _source(self, named: str) -> Iterator[Source]:
        """A folder, an archive, or a version of MLflow's. Raises InvalidInput for others."""
        if named.startswith(PREFIX):
            with Mlflow(self.settings.mlflow_url) as server:
                yield server.source(named)
            return
        with local_source(Path(named)) as source:
            yield source


def model_desk(settings: Settings, store: Store) -> ModelDesk:
    return ModelDesk(
        settings=settings,
        registry=make_registry(settings),
        store=store,
        activations=ActivateModel(store=store, clock=SystemClock()),
    )


@contextmanager
def open_model_desk(settings: Settings) -> Iterator[ModelDesk]:
    """The desk on the settings' store, closed at the end. It asks nothing of the configuration."""
    with open_store(settings) as store:
        yield model_desk(settings, store)
