"""The models that a running service scores with, and how another version takes over.

The new version is loaded and warmed up beside the old one, in the thread that follows the store;
then it takes the old one's place in one step. Who has begun with the old one ends with it: it is
closed once nobody can be waiting for it any more.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import structlog

from service.domain.errors import BrokenBundle, MissingVersion
from service.domain.model import Activation, ActivationState, settled
from service.ports.clock import Clock
from service.ports.meter import Meter
from service.ports.models import OpenModel
from service.ports.scorer import Scorer
from service.usecases.decisions.assess import SCORER_PATIENCE_SECONDS
from service.usecases.models.activation_cache import REFRESH_EVERY_SECONDS, ModelBook
from service.usecases.shared.periodic import Failures, PeriodicTask

log = structlog.get_logger()

DRAIN_SECONDS = 2 * SCORER_PATIENCE_SECONDS
"""No request waits longer for a score than half of this."""


class Standing(StrEnum):
    """How this process stands to the version that is in force."""

    FOLLOWS = "follows"
    MISSING = "missing"  # this machine does not have it: another one goes on
    FAILED = "failed"  # it did not load or run here: likewise


@dataclass(frozen=True, kw_only=True)
class Running[S: Scorer]:
    """What a model runs on here. `asked` is what it was opened as: None for the shipped version.
    Where it is not what is in force, `standing` and `reason` say why, and `tried` which activation
    it was that did not work here."""

    model: str
    scorer: S
    asked: str | None
    standing: Standing = Standing.FOLLOWS
    reason: str = ""
    tried: int | None = None


class LiveModels[S: Scorer](Mapping[str, S]):
    """The scorers in use, by the name that gates give. Ask anew for each item: they change."""

    def __init__(
        self,
        *,
        book: ModelBook,
        open_model: OpenModel[S],
        clock: Clock,
        meter: Meter,
        beside: Mapping[str, S],
    ) -> None:
        """`beside` are scorers that have no versions here, such as language models."""
        self._book = book
        self._open = open_model
        self._clock = clock
        self._meter = meter
        self._beside = beside
        self._running: dict[str, Running[S]] = {}
        self._retired: list[tuple[float, Running[S]]] = []

    def __getitem__(self, model: str) -> S:
        running = self._running.get(model)
        return running.scorer if running else self._beside[model]

    def __iter__(self) -> Iterator[str]:
        return iter([*self._running, *self._beside])

    def __len__(self) -> int:
        return len(self._running) + len(self._beside)

    def standings(self) -> dict[str, dict[str, str]]:
        """What readiness tells of each model: the version that is in force, the one that runs
        here, and why where that is another one."""
        return {model: self._told(model, running) for model, running in self._running.items()}

    def start(self, model: str) -> None:
        """Open the version in force, or the newest before it that works here.

        Raises BrokenBundle where none does.
        """
        wanted = self._book.wanted(model)
        failed: dict[str | None, Exception] = {}
        for version in self._book.fallbacks(model):
            try:
                scorer = self._open(model, version)
            except Exception as error:
                failed[version] = error
                if version is None:
                    raise next(iter(failed.values())) from error
                continue
            self._running[model] = Running(model=model, scorer=scorer, asked=version)
            break
        if wanted and wanted.version in failed:
            self._stay(model, wanted, failed[wanted.version])
        self._look_at(model)

    def periodic_task(self) -> PeriodicTask:
        """Notice activations and let new versions take over. Until then the models go on."""

        def follow(_: Failures) -> None:
            self._book.load()
            self.look()

        return PeriodicTask(
            name="models",
            turn=follow,
            every_seconds=REFRESH_EVERY_SECONDS,
            failure_event="models.not_followed",
        )

    def look(self) -> None:
        """Follow the activations that the book knows, and close whom nobody waits for any more."""
        for model in self._running:
            self._look_at(model)
        while self._retired and self._retired[0][0] <= time.monotonic():
            self._retired.pop(0)[1].scorer.close()

    def close(self) -> None:
        """Close every scorer; those that still wait go to review."""
        for scorer in (*self.values(), *(one.scorer for _, one in self._retired)):
            scorer.close()

    def _look_at(self, model: str) -> None:
        running, wanted = self._running[model], self._book.wanted(model)
        target = wanted.version if wanted else None
        if target in (running.asked, running.scorer.version):
            self._stand(model, replace(running, standing=Standing.FOLLOWS, reason="", tried=None))
            if wanted:
                self._settle(wanted, ActivationState.TAKEN_OVER, "")
        elif wanted and wanted.number == running.tried:
            self._settle(wanted, ActivationState.FAILED, running.reason)
        else:
            self._switch(model, wanted)

    def _switch(self, model: str, wanted: Activation | None) -> None:
        """Blue-green: the one that scores goes on until the other one is warm."""
        before, target = self._running[model], wanted.version if wanted else None
        try:
            scorer = self._called_back(model, target) or self._open(model, target)
        except Exception as error:  # whatever it is: what works goes on
            self._stay(model, wanted, error)
            return
        self._stand(model, Running(model=model, scorer=scorer, asked=target))
        self._retired.append((time.monotonic() + DRAIN_SECONDS, before))
        self._meter.model_switched(model, took_over=True)
        log.info("model.took_over", model=model, version=scorer.version)
        if wanted:
            self._settle(wanted, ActivationState.TAKEN_OVER, "")

    def _called_back(self, model: str, target: str | None) -> S | None:
        """Whoever goes back soon finds the old one still open, and warm."""
        for when, one in self._retired:
            if one.model == model and target in (one.asked, one.scorer.version):
                self._retired.remove((when, one))
                return one.scorer
        return None

    def _stay(self, model: str, wanted: Activation | None, error: Exception) -> None:
        running = self._running[model]
        reason = error.detail if isinstance(error, BrokenBundle) else f"{type(error).__name__}."
        if isinstance(error, MissingVersion):  # it may yet come: look again next time
            told = replace(running, standing=Standing.MISSING, reason=reason)
        else:
            number = wanted.number if wanted else None
            told = replace(running, standing=Standing.FAILED, reason=reason, tried=number)
        if told != running:
            log.error(
                "model.not_taken_over",
                model=model,
                version=wanted.version if wanted else "shipped",
                goes_on=running.scorer.version,
                reason=reason,
                exc_info=None if isinstance(error, BrokenBundle) else error,
            )
            self._meter.model_switched(model, took_over=False)
        self._stand(model, told)
        if wanted and told.standing is Standing.FAILED:
            self._settle(wanted, ActivationState.FAILED, reason)

    def _stand(self, model: str, running: Running[S]) -> None:
        self._running[model] = running
        self._meter.model_stands(model, behind=running.standing is not Standing.FOLLOWS)

    def _settle(self, wanted: Activation, state: ActivationState, reason: str) -> None:
        """Tell everybody how a pending activation ended. The first process to know decides."""
        if wanted.state is ActivationState.PENDING:
            self._book.settle(settled(wanted, state, reason, self._clock.now()))

    def _told(self, model: str, running: Running[S]) -> dict[str, str]:
        wanted, version = self._book.wanted(model), running.scorer.version
        return {
            "active": wanted.version if wanted else version,
            "running": version,
            "standing": running.standing.value,
        }
