"""Puts the parts together. The only module that names concrete adapters."""

import threading
from collections import ChainMap
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

import structlog
from fastapi import FastAPI

from service.bus.memory import InProcessBus
from service.bus.redis_streams import RedisBus
from service.configuration import (
    BundleLabels,
    Configuration,
    ConfigurationError,
    LabelsOf,
    Workshop,
    load,
)
from service.configuration.sections import EMBEDDED_SCORER
from service.domain.access import Role, Scope
from service.domain.errors import BrokenBundle, Conflict
from service.domain.gate import SIGNALS_SCORER, SampleAgreement
from service.domain.language_model import LanguageModel
from service.guards.masking import LabelRedactor
from service.guards.text_guard import TextGuard
from service.limits.buckets import Buckets, Unlimited
from service.limits.redis_buckets import RedisBuckets
from service.ports.allowance import Allowance
from service.ports.bus import Bus
from service.ports.clock import Clock, SystemClock
from service.ports.meter import ModelMeter
from service.ports.scorer import Scorer
from service.ports.store import Store
from service.registry.versions import Registry
from service.resume import ResumeMessageWriter, make_resumers
from service.scoring.bundle import Bundle
from service.scoring.onnx_scorer import OnnxScorer
from service.scoring.openai.question import version_of
from service.scoring.openai.scorer import LanguageModelScorer
from service.scoring.session import Provider, Runtime
from service.settings import Settings
from service.store.sql_store import SqlStore
from service.telemetry.metrics import Metrics
from service.thresholds.replay import Calibrate, CalibratorOf
from service.usecases.access import Doorkeeper
from service.usecases.activate_model import demand_fit, users_of
from service.usecases.assess import Assessor
from service.usecases.audit_trail import AuditTrail
from service.usecases.certify import CertifyGate
from service.usecases.change_gate import ChangeGate
from service.usecases.data_set import DataSet
from service.usecases.decide import DecideItem
from service.usecases.deliver import Deliveries, DeliveryWorker
from service.usecases.explain import Explain
from service.usecases.forecast import Forecast
from service.usecases.gate_book import GateBook
from service.usecases.gate_charts import ChartGate
from service.usecases.gate_report import GateReport
from service.usecases.guarded import GuardedAssessor
from service.usecases.keep_time import TimeKeeper
from service.usecases.learn import Learner
from service.usecases.live_models import LiveModels
from service.usecases.model_book import ModelBook
from service.usecases.outcomes import Outcomes
from service.usecases.recorder import Recorder
from service.usecases.replay import ReplayGate
from service.usecases.review import ReviewTasks
from service.usecases.reviewers import Reviewers
from service.usecases.shadow_judge import ShadowJudge
from service.usecases.shadows import Shadows
from service.usecases.watch import Watcher
from service.web.app import create_app
from service.web.live import Live
from service.web.ops import Readiness
from service.web.services import Services

log = structlog.get_logger()


class Shelf:
    """The bundles that gates name: the version in force, or the newest before it that is whole.
    Each is loaded once, and again when another one takes over."""

    def __init__(self, registry: Registry, book: ModelBook) -> None:
        self._registry = registry
        self.book = book
        self.bundles: dict[str, Bundle] = {}

    def labels_of(self, name: str) -> BundleLabels:
        """Raises BrokenBundle where there is no whole bundle of that name."""
        if name not in self.bundles:
            self.bundles[name] = self._newest_whole(name)
        bundle = self.bundles[name]
        return BundleLabels(
            labels=bundle.labels,
            approve_labels=bundle.approve_labels,
            languages=bundle.languages,
        )

    def version_of(self, name: str) -> str | None:
        """The version that is in force, even where this machine does not have it."""
        if wanted := self.book.wanted(name):
            return wanted.version
        return self.bundles[name].version if name in self.bundles else None

    def load(self, name: str, version: str | None) -> Bundle:
        """A version's bundle, read again only where it is not the one at hand."""
        known, wanted = self.bundles.get(name), version or self._registry.shipped_version(name)
        return known if known and known.version == wanted else self._registry.load(name, version)

    def _newest_whole(self, name: str) -> Bundle:
        for version in self.book.fallbacks(name)[:-1]:
            try:
                return self._registry.load(name, version)
            except BrokenBundle as broken:
                log.error("model.not_loaded", version=version, reason=broken.detail)
        return self._registry.load(name)


def make_registry(settings: Settings) -> Registry:
    return Registry(settings.models_dir, settings.registry_dir)


def labels_among(*shelves: Mapping[str, Bundle] | Mapping[str, LanguageModel]) -> LabelsOf:
    """The labels of the models that were made ready: a running service scores with no others."""

    def labels_of(name: str) -> BundleLabels:
        for shelf in shelves:
            if name in shelf:
                model = shelf[name]
                return BundleLabels(labels=model.labels, approve_labels=model.approve_labels)
        known = ", ".join([SIGNALS_SCORER, *sorted(name for shelf in shelves for name in shelf)])
        raise BrokenBundle(
            f"There is no model {name!r} in this service.", fix=f"The scorers are: {known}."
        )

    return labels_of


def calibrators_among(
    bundles: Mapping[str, Bundle], language_models: Mapping[str, LanguageModel]
) -> CalibratorOf:
    """The calibrator that comes with the scores of a model which is loaded now."""
    as_it_stands = {version_of(model) for model in language_models.values()}

    def calibrator_of(source: str) -> Calibrate | None:
        if source in as_it_stands:
            return lambda raw, _: raw
        found = (one.calibrator for one in list(bundles.values()) if one.version == source)
        calibrator = next(found, None)
        return calibrator.many if calibrator else None

    return calibrator_of


def make_scorer(settings: Settings, bundle: Bundle, meter: ModelMeter | None = None) -> OnnxScorer:
    runtime = Runtime(
        provider=Provider(settings.provider),
        run_threads=settings.scorer_run_threads,
        arena=settings.scorer_arena,
        gpu_memory_mib=settings.gpu_memory_mib,
        cuda_graphs=settings.cuda_graphs,
        tensorrt_cache=settings.tensorrt_cache,
    )
    return OnnxScorer(
        bundle,
        runtime=runtime,
        meter=meter,
        workers=settings.scorer_threads,
        largest_batch=settings.scorer_batch,
        queue_limit=settings.scorer_queue,
    )


def open_models(
    settings: Settings,
    shelf: Shelf,
    gates: GateBook,
    clock: Clock,
    metrics: Metrics,
    beside: Mapping[str, LanguageModelScorer],
) -> LiveModels[OnnxScorer | LanguageModelScorer]:
    """The scorers of every bundle that a gate names, following their models' activations, and
    those that are no bundles."""

    def open_model(model: str, version: str | None) -> OnnxScorer:
        bundle = shelf.load(model, version)
        users = users_of(gates.offered(), model)
        demand_fit(users, bundle.version, bundle.labels, bundle.approve_labels)
        scorer = make_scorer(settings, bundle, metrics)
        shelf.bundles[model] = bundle
        return scorer

    models: LiveModels[OnnxScorer | LanguageModelScorer] = LiveModels(
        book=shelf.book, open_model=open_model, clock=clock, meter=metrics, beside=beside
    )
    for model in list(shelf.bundles):
        models.start(model)
    return models


def certifier(store: Store, gates: GateBook, clock: Clock) -> CertifyGate:
    """For a command: other processes notice the new version by themselves."""
    return CertifyGate(store=store, gates=gates, bus=InProcessBus(), clock=clock)


def open_bus(settings: Settings) -> Bus:
    return RedisBus(settings.redis_url) if settings.redis_url else InProcessBus()


def make_allowance(settings: Settings) -> Allowance:
    if not settings.rate_limit:
        return Unlimited()
    if settings.redis_url:
        return RedisBuckets(settings.redis_url, settings.rate_limit)
    return Buckets(settings.rate_limit)


@dataclass(kw_only=True)
class Background:
    """The loops beside the web: deliveries and the clock. Each stops when told to."""

    loops: tuple[Callable[[threading.Event], None], ...]
    wake: Callable[[], None]
    stop: threading.Event
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        for loop in self.loops:
            thread = threading.Thread(target=loop, args=(self.stop,), daemon=True)
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
    loops = (gates.follow, worker.run, keeper.run, learner.run, watcher.run)
    return Background(loops=loops, wake=worker.wake, stop=stop)


def build_learner(
    store: Store,
    bus: Bus,
    gates: GateBook,
    clock: Clock,
    shelf: Shelf,
    language_models: Mapping[str, LanguageModel],
) -> Learner:
    return Learner(
        store=store,
        gates=gates,
        certify=CertifyGate(store=store, gates=gates, bus=bus, clock=clock),
        version_of=lambda name: (
            version_of(language_models[name]) if name in language_models else shelf.version_of(name)
        ),
    )


def prepare(
    settings: Settings, store: Store, clock: Clock
) -> tuple[Configuration, GateBook, Shelf]:
    """Migrate the store, read the configuration, make its gates the gates in force."""
    store.migrate()
    book = ModelBook(store)
    book.load()
    shelf = Shelf(make_registry(settings), book)
    configuration = load(settings.config, shelf.labels_of)
    gates = GateBook(store)
    gates.adopt(configuration.gates, clock.now())
    _check_what_people_put(configuration, gates, shelf)
    if any(policy.samples is SampleAgreement.MEANING for policy in gates.offered()):
        shelf.labels_of(EMBEDDED_SCORER)  # its encoder tells what samples mean
    return configuration, gates, shelf


def _check_what_people_put(configuration: Configuration, gates: GateBook, shelf: Shelf) -> None:
    """Gates that were changed since the file was read need their apps and models too."""
    for policy in gates.offered():
        gone = [app for app in policy.apps if app not in configuration.apps]
        if gone:
            raise ConfigurationError(
                f"The gate {policy.gate!r} names the app {gone[0]!r} in version {policy.version}, "
                "and GATE_CONFIG no longer has it.",
                fix="Put it back under apps until the gate is changed.",
            )
        for scorer in policy.scorers:
            if scorer not in (SIGNALS_SCORER, *configuration.language_models):
                shelf.labels_of(scorer)


def build_app(
    settings: Settings, *, with_worker: bool = True, clock: Clock | None = None
) -> FastAPI:
    """The whole service as one application. Raises GateError where the settings cannot work."""
    clock = clock or SystemClock()
    store = SqlStore(settings.database_url)
    configuration, gates, shelf = prepare(settings, store, clock)
    doorkeeper = Doorkeeper(store=store, clock=clock)
    _bootstrap_access(settings, doorkeeper)
    bus = open_bus(settings)
    metrics = Metrics()
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

    def assessor(scorers: Mapping[str, Scorer]) -> GuardedAssessor:
        return GuardedAssessor(Assessor(scorers, embedder=lambda: _embedder(models)), TextGuard())

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
        shadows=Shadows(
            store=store,
            gates=gates,
            replay=replay,
            changes=changes,
            calibrator_of=calibrator_of,
            redactor=redactor,
            clock=clock,
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
        else Background(loops=(gates.follow,), wake=lambda: None, stop=threading.Event())
    )
    background.loops = (*background.loops, forecast.run, reviewers.run, models.follow, judge.run)

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
        on_start=background.start,
        on_stop=on_stop,
    )


def _embedder(models: Mapping[str, OnnxScorer | LanguageModelScorer]) -> OnnxScorer | None:
    """The embedded model, in whichever version now scores."""
    model = models.get(EMBEDDED_SCORER)
    return model if isinstance(model, OnnxScorer) else None


def _bootstrap_access(settings: Settings, doorkeeper: Doorkeeper) -> None:
    """The first key and the first administrator, where the store has none. Processes that start
    at once may both try: the second finds that it is done."""
    if settings.bootstrap_key and not doorkeeper.list_keys():
        with suppress(Conflict):
            doorkeeper.create_key(
                "bootstrap",
                frozenset(Scope),
                None,
                secret=settings.bootstrap_key.get_secret_value(),
                actor="bootstrap",
            )
    if settings.bootstrap_admin and not doorkeeper.list_people():
        name, _, password = settings.bootstrap_admin.get_secret_value().partition(":")
        with suppress(Conflict):
            doorkeeper.create_person(name, password, Role.ADMINISTRATOR, None, actor="bootstrap")
