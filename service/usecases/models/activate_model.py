"""Put a version of a model in force, or go back to the one before; what that means for gates."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from service.domain.errors import UnfitBundle
from service.domain.gate import GatePolicy
from service.domain.model import Activation, activation, before, overtaken, roll_back
from service.ports.clock import Clock
from service.ports.store import Store
from service.usecases.gates.policy_versions import latest
from service.usecases.shared.audit_events.models import draft_of_activation


class ActivateModel:
    """Whoever calls it has seen that the version loads and runs; running services follow."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def activate(self, model: str, version: str, *, shipped: str | None, actor: str) -> Activation:
        """Put the version in force. Raises Conflict where it is, or somebody was faster."""
        return self._write(
            model,
            lambda history, now: activation(
                history, model, version, shipped=shipped, actor=actor, at=now
            ),
        )

    def roll_back(self, model: str, *, shipped: str | None, actor: str) -> Activation:
        """Put back what was in force before. Raises Conflict where there was nothing."""
        return self._write(
            model, lambda history, now: roll_back(history, shipped=shipped, actor=actor, at=now)
        )

    def before(self, model: str, *, shipped: str | None) -> str:
        """Where rolling back would lead. Raises Conflict where there is nothing."""
        return before(self.history(model), shipped)

    def users(self, model: str) -> list[GatePolicy]:
        """The gates in the store that score with the model, in their newest versions."""
        with self._store.reading() as tx:
            return users_of(latest(tx).values(), model)

    def history(self, model: str) -> list[Activation]:
        """The model's activations, newest first."""
        with self._store.reading() as tx:
            return tx.activations.history(model)

    def _write(
        self, model: str, make: Callable[[Sequence[Activation], datetime], Activation]
    ) -> Activation:
        now = self._clock.now()
        with self._store.transaction() as tx:
            history = tx.activations.history(model)
            made = make(history, now)
            for ended in overtaken(history, now):
                tx.activations.settle(ended)
            tx.activations.add(made)
            tx.audit.append([draft_of_activation(made, made.actor, now)])
        return made


def users_of(policies: Iterable[GatePolicy], model: str) -> list[GatePolicy]:
    """The gates that score with the model."""
    return [policy for policy in policies if model in policy.scorers]


def demand_fit(
    users: Iterable[GatePolicy],
    version: str,
    labels: Sequence[str],
    approve_labels: Sequence[str],
) -> None:
    """Raises UnfitBundle where a gate judges by other labels than the version gives."""
    for policy in users:
        wanted = (set(policy.labels), set(policy.approve_labels))
        if wanted != (set(labels), set(approve_labels)):
            raise UnfitBundle(
                f"{version} gives {_words(labels)} and approves {_words(approve_labels)}, and the"
                f" gate {policy.gate!r} judges by {_words(policy.labels)} and approves"
                f" {_words(policy.approve_labels)}.",
                fix="Train the version on the gate's labels, or give the model another name.",
            )


def uncertified_by(users: Iterable[GatePolicy], version: str) -> list[GatePolicy]:
    """The gates whose certificates say nothing of this version's scores: under it they review
    everything, until its own labels certify them."""
    return [
        policy
        for policy in users
        if policy.contract is not None
        and all(earned.source != version for earned in policy.certified.values())
    ]


def _words(labels: Sequence[str]) -> str:
    return ", ".join(labels)
