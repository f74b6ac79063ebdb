"""Prometheus metrics, and the Meter that the use cases report to."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from service.domain.adaptation import Mode
from service.domain.decision import Decision
from service.domain.delivery import Delivery
from service.ports.meter import ModelRun

PREFIX = "human_in_loop"

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, unread

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10, 30)
_WAITS = (5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_TENTHS = tuple(tenth / 10 for tenth in range(1, 11))


class Metrics:
    """One registry per application, so that two in one process do not mix.

    Processes that serve together count in files of one folder, `shared`, and whichever is asked
    tells of all of them. The folder is named in PROMETHEUS_MULTIPROC_DIR before they start.
    """

    def __init__(self, shared: Path | None = None) -> None:
        self.registry = CollectorRegistry()
        self._shared = shared
        self._processes = Gauge(
            f"{PREFIX}_processes",
            "Processes that serve together",
            multiprocess_mode="livesum",
            registry=self.registry,
        )
        self._requests = Counter(
            f"{PREFIX}_requests",
            "Answered requests",
            ("endpoint", "method", "status"),
            registry=self.registry,
        )
        self._durations = Histogram(
            f"{PREFIX}_request_duration_seconds",
            "Time to answer",
            ("endpoint",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._confidence = Histogram(
            f"{PREFIX}_confidence",
            "Calibrated confidence of decisions",
            buckets=_TENTHS,
            registry=self.registry,
        )
        self._decisions = Counter(
            f"{PREFIX}_decisions",
            "Decisions made",
            ("gate", "decision_type"),
            registry=self.registry,
        )
        self._decision_seconds = Histogram(
            f"{PREFIX}_decision_duration_seconds",
            "Time to decide durably",
            ("gate",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._waits = Histogram(
            f"{PREFIX}_review_wait_time_seconds",
            "From task to verdict",
            buckets=_WAITS,
            registry=self.registry,
        )
        self._load = Gauge(
            f"{PREFIX}_review_load",
            "Reviews a day to be expected, in parts of the contract's reviews_a_day",
            ("gate",),
            multiprocess_mode="mostrecent",
            registry=self.registry,
        )
        self._drift_alarms = Counter(
            f"{PREFIX}_drift_alarms",
            "Alarms that put a gate into safe mode",
            ("gate",),
            registry=self.registry,
        )
        self._shadowed = Counter(
            f"{PREFIX}_shadow_items",
            "Items for shadows that score by themselves: judged, failed, dropped when behind",
            ("gate", "result"),
            registry=self.registry,
        )
        self._deliveries = Counter(
            f"{PREFIX}_delivery_attempts",
            "Tries to deliver, by how they left the delivery",
            ("mode", "state"),
            registry=self.registry,
        )
        self._turns_failed = Counter(
            f"{PREFIX}_periodic_failures",
            "Turns of repeated tasks that failed, or parts of them",
            ("task",),
            registry=self.registry,
        )
        self._switches = Counter(
            f"{PREFIX}_model_switches",
            "New versions of models that were to take over",
            ("model", "result"),
            registry=self.registry,
        )
        self._behind = Gauge(
            f"{PREFIX}_model_behind",
            "1 while another version scores here than the one in force",
            ("model",),
            multiprocess_mode="livemax",
            registry=self.registry,
        )

        self._providers = Gauge(
            f"{PREFIX}_model_info",
            "1 for each model that is loaded, by the execution provider that it really runs on",
            ("model", "provider"),
            multiprocess_mode="livemax",
            registry=self.registry,
        )
        self._provider_of: dict[str, str] = {}
        self._model_seconds = Histogram(
            f"{PREFIX}_model_run_seconds",
            "Time of one batch through a model",
            ("model",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._batches = Histogram(
            f"{PREFIX}_batch_size",
            "Items in one batch",
            ("model",),
            buckets=_SIZES,
            registry=self.registry,
        )
        self._tokens = Counter(
            f"{PREFIX}_batch_tokens",
            "Tokens that went through a model: of items, and of padding",
            ("model", "kind"),
            registry=self.registry,
        )
        self._waiting = Gauge(
            f"{PREFIX}_batch_queue_size",
            "Items that wait for a model",
            ("model",),
            multiprocess_mode="livesum",
            registry=self.registry,
        )

        # Looking a series up by its labels costs more than counting does.
        self._requests_of = cache(self._requests.labels)
        self._durations_of = cache(self._durations.labels)
        self._decisions_of = cache(self._decisions.labels)
        self._decision_seconds_of = cache(self._decision_seconds.labels)
        self._waiting_of = cache(self._waiting.labels)

    def serving(self) -> None:
        """This process is ready for requests."""
        self._processes.set(1)

    # --- the Meter port ---

    def decided(self, decision: Decision, seconds: float) -> None:
        self._decisions_of(decision.gate, decision.zone.value).inc()
        self._decision_seconds_of(decision.gate).observe(seconds)
        if decision.assessment.confidence is not None:
            self._confidence.observe(decision.assessment.confidence)

    def reviewed(self, gate: str, waited_seconds: float) -> None:  # noqa: ARG002 - the port's word
        self._waits.observe(waited_seconds)

    def asked_of_people(self, gate: str, of_capacity: float) -> None:
        self._load.labels(gate).set(of_capacity)

    def adapted(self, gate: str, mode: str) -> None:
        if mode == Mode.SAFE:
            self._drift_alarms.labels(gate).inc()

    def shadowed(self, gate: str, how: str) -> None:
        self._shadowed.labels(gate, how).inc()

    def attempted(self, delivery: Delivery) -> None:
        self._deliveries.labels(delivery.mode.value, delivery.state.value).inc()

    def turn_failed(self, task: str) -> None:
        self._turns_failed.labels(task).inc()

    def model_switched(self, model: str, *, took_over: bool) -> None:
        self._switches.labels(model, "took_over" if took_over else "failed").inc()

    def model_stands(self, model: str, *, behind: bool) -> None:
        self._behind.labels(model).set(behind)

    # --- the ModelMeter port ---

    def runs_on(self, model: str, provider: str | None) -> None:
        if (before := self._provider_of.pop(model, None)) is not None:
            self._providers.labels(model, before).set(0)
        if provider is not None:
            self._provider_of[model] = provider
            self._providers.labels(model, provider).set(1)

    def ran(self, run: ModelRun) -> None:
        self._model_seconds.labels(run.model).observe(run.seconds)
        self._batches.labels(run.model).observe(run.items)
        self._tokens.labels(run.model, "item").inc(run.tokens)
        self._tokens.labels(run.model, "padding").inc(run.padded_tokens - run.tokens)

    def waiting(self, model: str, items: int) -> None:
        self._waiting_of(model).set(items)

    # --- the WebMeter port ---

    @property
    def media_type(self) -> str:
        return CONTENT_TYPE_LATEST

    def answered(self, *, endpoint: str, method: str, status: int, seconds: float) -> None:
        self._requests_of(endpoint, method, str(status)).inc()
        self._durations_of(endpoint).observe(seconds)

    def exposition(
        self,
        open_tasks: Callable[[], dict[str, int]],
        modes: Callable[[], Mapping[str, Mode]] = dict,
    ) -> bytes:
        """The metrics as text; the queue is counted now, and the gates' modes are read now, so
        that every replica tells the truth."""
        told = CollectorRegistry()
        told.register(_Now(open_tasks(), modes()))
        if self._shared is None:
            told.register(self.registry)
        else:
            _forget_the_dead(self._shared)
            MultiProcessCollector(told, str(self._shared))  # type: ignore[no-untyped-call]  # theirs
        return generate_latest(told)


@dataclass(frozen=True, eq=False)
class _Now(Collector):
    """What is not counted on the way but looked up for the reader."""

    open_tasks: Mapping[str, int]
    modes: Mapping[str, Mode]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        queue = GaugeMetricFamily(
            f"{PREFIX}_review_queue_size", "Review tasks that are open", labels=("gate",)
        )
        for gate, count in self.open_tasks.items():
            queue.add_metric((gate,), count)
        yield queue
        modes = GaugeMetricFamily(
            f"{PREFIX}_gate_mode",
            "1 at the mode that a gate with a contract is in",
            labels=("gate", "mode"),
        )
        for gate, stands in self.modes.items():
            for mode in Mode:
                modes.add_metric((gate, mode.value), mode is stands)
        yield modes


def _forget_the_dead(shared: Path) -> None:
    """What they counted stays; how they stood does not."""
    for file in shared.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            with suppress(FileNotFoundError):  # another has seen to it
                mark_process_dead(pid, str(shared))  # type: ignore[no-untyped-call]  # theirs
