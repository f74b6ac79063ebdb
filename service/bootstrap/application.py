"""The whole service as one application."""

from pathlib import Path

from fastapi import FastAPI

from service.bootstrap.background import Background, build_background
from service.bootstrap.features import (
    build_access_services,
    build_decision_services,
    build_gate_services,
    build_review_services,
    build_shadow_judge,
    build_shadow_services,
)
from service.bootstrap.installation import prepare_installation
from service.bootstrap.preparing import first_access
from service.bootstrap.runtime import Runtime, open_runtime
from service.bootstrap.usecases import build_data_set
from service.ports.clock import Clock
from service.settings import Settings
from service.store.sql_store import SqlStore
from service.usecases.access.authentication import Doorkeeper
from service.usecases.deliveries.worker import Deliveries
from service.web.app import create_app
from service.web.live import Live
from service.web.ops import Readiness
from service.web.services import Services, Site


def build_app(
    settings: Settings,
    *,
    with_worker: bool = True,
    clock: Clock | None = None,
    shared: Path | None = None,
) -> FastAPI:
    """The whole service as one application; `shared` is the folder of the processes that serve
    together, if there are several. Raises GateError where the settings cannot work."""
    store = SqlStore(settings.database_url)
    installation = prepare_installation(settings, store, clock)
    doorkeeper = Doorkeeper(store=store, clock=installation.clock)
    first_access(settings, doorkeeper)
    runtime = open_runtime(installation, shared)
    judge = build_shadow_judge(installation, runtime)
    gates = build_gate_services(installation, runtime)
    services = Services(
        access=build_access_services(installation, doorkeeper),
        decisions=build_decision_services(installation, runtime, judge),
        review=build_review_services(installation, runtime),
        gates=gates,
        shadows=build_shadow_services(installation, gates),
        deliveries=Deliveries(store=store, bus=runtime.bus, clock=installation.clock),
        data=build_data_set(installation),
        live=Live(runtime.bus),
        clock=installation.clock,
        site=_site(settings),
    )
    background = (
        build_background(
            installation,
            runtime.bus,
            runtime.metrics,
            learner=gates.learner,
            watcher=gates.watcher,
        )
        if with_worker
        else Background(meter=runtime.metrics)
    )
    if not with_worker:
        background.repeat(gates.policies)
    background.repeat(services.decisions.forecast, services.review.reviewers, runtime.models)
    background.run("shadows", judge.run)

    def on_start() -> None:
        background.start()
        runtime.metrics.serving()

    def on_stop() -> None:
        background.end()
        runtime.close()
        services.access.allowance.close()
        store.close()

    readiness = _readiness(store, runtime)
    return create_app(services, runtime.metrics, readiness, on_start=on_start, on_stop=on_stop)


def _site(settings: Settings) -> Site:
    return Site(
        public_url=settings.base_url, secure_cookies=settings.base_url.startswith("https://")
    )


def _readiness(store: SqlStore, runtime: Runtime) -> Readiness:
    return Readiness(
        checks={"store": store.is_healthy},
        # Without the bus everything still works, only later: no reason to turn work away.
        facts={
            "bus": lambda: "ok" if runtime.bus.is_healthy() else "away",
            "models": lambda: {s.version: s.provider for s in runtime.models.values()},
            "model_versions": runtime.models.standings,
        },
    )
