"""Which version of a model is to score: read from the store now and then, so that all follow it."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from service.domain.model import Activation, proven, wanted
from service.ports.store import Store
from service.usecases.shared.audit_events.models import draft_of_activation
from service.usecases.shared.periodic import PeriodicTask

REFRESH_EVERY_SECONDS = 2.0
"""How late a running service notices an activation."""


class ModelBook:
    """The activations of every model, by its name. Asking costs no query."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._histories: Mapping[str, Sequence[Activation]] = {}

    def load(self) -> None:
        with self._store.reading() as tx:
            every = tx.activations.history()
        self._histories = {
            model: tuple(history) for model, history in groupby(every, lambda one: one.model)
        }

    def periodic_task(self) -> PeriodicTask:
        """Notice activations by other processes. Until then what is known stays."""
        return PeriodicTask(
            name="activations",
            turn=lambda _: self.load(),
            every_seconds=REFRESH_EVERY_SECONDS,
            failure_event="models.not_refreshed",
        )

    def wanted(self, model: str) -> Activation | None:
        """The activation to follow; None for the shipped version."""
        return wanted(self._histories.get(model, ()))

    def fallbacks(self, model: str) -> list[str | None]:
        """The versions to try when a process starts, the wanted one first, without repeats:
        then what was in force before, and at last the shipped one (None)."""
        history = self._histories.get(model, ())
        current = wanted(history)
        tried = [one.version for one in ([current] if current else []) + proven(history)]
        return [*dict.fromkeys(tried), None]

    def settle(self, ended: Activation) -> bool:
        """Write how a pending activation ended; False where another process was faster."""
        with self._store.transaction() as tx:
            first = tx.activations.settle(ended)
            if first:
                at = ended.settled_at or ended.at
                tx.audit.append([draft_of_activation(ended, "service", at)])
        self.load()
        return first
