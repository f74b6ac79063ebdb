"""The whole service as one application."""

from collections import ChainMap
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import cast

from fastapi import FastAPI

from service.bootstrap.adapters import make_allowance, open_bus
from service.bootstrap.background import Background, build_background
from service.bootstrap.learning import build_learner
from service.bootstrap.models import embedder_among, open_models
from service.bootstrap.preparing import first_access, prepare
from service.bootstrap.shelf import calibrators_among, labels_among
from service.configuration import Workshop
from service.guards.masking import LabelRedactor
from service.guards.text_guard import TextGuard
from service.ports.clock import Clock, SystemClock
from service.ports.scorer import Scorer
from service.resume import ResumeMessageWriter
from service.scoring.openai.scorer import LanguageModelScorer
from service.settings import Settings
from service.store.sql_store import SqlStore
from service.telemetry.metrics import Metrics
from service.usecases.access.audit_trail import AuditTrail
from service.usecases.access.authentication import Doorkeeper
from service.usecases.certification.drift_monitor import Watcher
from service.usecases.data.data_set import DataSet
from service.usecases.decisions.assess import Assessor
from service.usecases.decisions.decide import DecideItem
from service.usecases.decisions.explain import Explain
from service.usecases.decisions.group_commit import Recorder
from service.usecases.decisions.guarded_assessor import GuardedAssessor
from service.usecases.decisions.outcomes import Outcomes
from service.usecases.decisions.wait_estimate import Forecast
from service.usecases.deliveries.worker import Deliveries
from service.usecases.gates.change_gate import ChangeGate
from service.usecases.insight.gate_charts import ChartGate
from service.usecases.insight.gate_report import GateReport
from service.usecases.insight.replay import ReplayGate
from service.usecases.review.commands import ReviewTasks
from service.usecases.review.queries import Tasks
from service.usecases.review.reviewer_quality import Reviewers
from service.usecases.shadow.lifecycle import Shadows
from service.usecases.shadow.report import ReportShadow
from service.usecases.shadow.scoring import ShadowJudge
from service.web.app import create_app
from service.web.live import Live
from service.web.ops import Readiness
from service.web.services import Services


def build_app(
    settings: Settings,
    *,
    with_worker: bool = True,
    clock: Clock | None = None,
    shared: Path | None = None,
) -> FastAPI:
    """The whole service as one application; `shared` is the folder of the processes that serve
    together, if there are several. Raises GateError where the settings cannot work."""
    clock = clock or SystemClock()
    store = SqlStore(settings.database_url)
    configuration, gates, shelf = prepare(settings, store, clock)
    doorkeeper = Doorkeeper(store=store, clock=clock)
    first_access(settings, doorkeeper)
    bus = open_bus(settings, shared)
    metrics = Metrics(shared)
    models = open_models(
        settings,
        shelf,
        gates,
        clock,
        metrics,
        {name: LanguageModelScorer(m) for name, m in configuration.language_models.items()},
    )
    recorder = Recorder(store)
    redactor = LabelRedactor()
    writer = ResumeMessageWriter(configuration.apps)
    forecast = Forecast(store=store, clock=clock)
    learner = build_learner(store, bus, gates, clock, shelf, configuration.language_models)
    watcher = Watcher(store=store, gates=gates, bus=bus, clock=clock, meter=metrics)
    reviewers = Reviewers(store=store, gates=gates)
    allowance = make_allowance(settings)
    calibrator_of = calibrators_among(shelf.bundles, configuration.language_models)
    changes = ChangeGate(store=store, gates=gates, bus=bus, clock=clock)
    replay = ReplayGate(store=store, gates=gates, learner=learner, calibrator_of=calibrator_of)
    shadows = Shadows(store=store, gates=gates, replay=replay, changes=changes, clock=clock)

    def assessor(scorers: Mapping[str, Scorer]) -> GuardedAssessor:
        return GuardedAssessor(
            Assessor(scorers, embedder=lambda: embedder_among(models)), TextGuard()
        )

    judge = ShadowJudge(
        store=store,
        assessor=assessor(
            ChainMap[str, Scorer](
                # Of its own: their connections belong to one event loop.
                {n: LanguageModelScorer(m) for n, m in configuration.language_models.items()},
                cast("MutableMapping[str, Scorer]", models),  # only read
            )
        ),
        meter=metrics,
    )
    services = Services(
        decide=DecideItem(
            gates=gates,
            assessor=assessor(models),
            recorder=recorder,
            bus=bus,
            clock=clock,
            meter=metrics,
            redactor=redactor,
            afterwards=judge.offer,
        ),
        tasks=Tasks(store=store, gates=gates, clock=clock, redactor=redactor),
        review=ReviewTasks(
            store=store,
            gates=gates,
            writer=writer,
            bus=bus,
            clock=clock,
            meter=metrics,
            redactor=redactor,
            sure=reviewers.sure,
        ),
        outcomes=Outcomes(store=store, bus=bus, clock=clock),
        deliveries=Deliveries(store=store, bus=bus, clock=clock),
        doorkeeper=doorkeeper,
        audit=AuditTrail(store),
        gates=gates,
        changes=changes,
        workshop=Workshop(
            configuration.apps, labels_among(shelf.bundles, configuration.language_models)
        ),
        replay=replay,
        shadows=shadows,
        shadow_report=ReportShadow(
            store=store,
            gates=gates,
            shadows=shadows,
            calibrator_of=calibrator_of,
            redactor=redactor,
        ),
        charts=ChartGate(store=store, gates=gates),
        report=GateReport(store=store, gates=gates, learner=learner),
        reviewers=reviewers,
        forecast=forecast,
        explain=Explain(scorers=models, gates=gates),
        learner=learner,
        data=DataSet(store=store, gates=gates, redactor=redactor, clock=clock),
        watcher=watcher,
        live=Live(bus),
        allowance=allowance,
        bus=bus,
        clock=clock,
        public_url=settings.base_url,
        secure_cookies=settings.base_url.startswith("https://"),
    )
    background = (
        build_background(configuration, store, bus, gates, clock, metrics, learner, watcher)
        if with_worker
        else Background(tasks=(gates.periodic_task(),), meter=metrics)
    )
    background.tasks += tuple(one.periodic_task() for one in (forecast, reviewers, models))
    background.loops = {**background.loops, "shadows": judge.run}

    def on_start() -> None:
        background.start()
        metrics.serving()

    def on_stop() -> None:
        background.end()
        recorder.close()
        models.close()
        allowance.close()
        bus.close()
        store.close()

    return create_app(
        services,
        metrics,
        Readiness(
            checks={"store": store.is_healthy},
            # Without the bus everything still works, only later: no reason to turn work away.
            facts={
                "bus": lambda: "ok" if bus.is_healthy() else "away",
                "models": lambda: {s.version: s.provider for s in models.values()},
                "model_versions": models.standings,
            },
        ),
        on_start=on_start,
        on_stop=on_stop,
    )
