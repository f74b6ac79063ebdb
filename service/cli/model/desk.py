"""What the model commands work with: the versions of this machine, and the store."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli.context import read_settings, told_in_words
from service.domain.model import Activation, wanted
from service.ports.clock import SystemClock
from service.registry.mlflow import PREFIX, Mlflow
from service.registry.sources import Source, local_source
from service.registry.versions import Registry
from service.scoring.bundle import Bundle
from service.settings import Settings
from service.store.sql_store import SqlStore
from service.usecases.models.activate_model import ActivateModel, demand_fit

ACTOR = "command line"

Model = Annotated[str, typer.Argument(help="The model, as gates name it.")]
Version = Annotated[
    str, typer.Argument(help="`shipped`, or a fingerprint or its beginning, as listed.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The settings' registry and store, open."""

    settings: Settings
    registry: Registry
    store: SqlStore
    activations: ActivateModel

    def active(self, model: str) -> str | None:
        """The version that is in force."""
        return self.active_in(model, self.activations.history(model))

    def active_in(self, model: str, history: list[Activation]) -> str | None:
        current = wanted(history)
        return current.version if current else self.registry.shipped_version(model)

    def run_once(self, bundle: Bundle) -> None:
        """Raises BrokenBundle unless the bundle's model runs here."""
        from service.bootstrap.adapters import make_scorer

        make_scorer(self.settings, bundle).close()

    def try_out(self, bundle: Bundle, model: str) -> None:
        """Raises BrokenBundle unless the bundle runs, and fits the gates that use the model."""
        self.run_once(bundle)
        users = self.activations.users(model)
        demand_fit(users, bundle.version, bundle.labels, bundle.approve_labels)


@contextmanager
def opened_desk() -> Iterator[Desk]:
    """What the settings name, closed at the end; mistakes are told in words."""
    from service.bootstrap.adapters import make_registry

    settings = read_settings()
    with told_in_words():
        store = SqlStore(settings.database_url)
        try:
            store.migrate()
            yield Desk(
                settings=settings,
                registry=make_registry(settings),
                store=store,
                activations=ActivateModel(store=store, clock=SystemClock()),
            )
        finally:
            store.close()


@contextmanager
def opened_source(named: str, settings: Settings) -> Iterator[Source]:
    """A folder, an archive, or a version of MLflow's. Raises InvalidInput for anything else."""
    if named.startswith(PREFIX):
        with Mlflow(settings.mlflow_url) as server:
            yield server.source(named)
        return
    with local_source(Path(named)) as source:
        yield source


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
