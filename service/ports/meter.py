"""What is counted while the product works."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from service.domain.adaptation import Mode
from service.domain.decision import Decision
from service.domain.delivery import Delivery


@dataclass(frozen=True, kw_only=True)
class ModelRun:
    """One batch through a model. `padded_tokens` is its items times the longest of them: what the
    model read; the `tokens` of the items alone are less by the padding."""

    model: str
    items: int
    tokens: int
    padded_tokens: int
    seconds: float


class ModelMeter(Protocol):
    """What a model's runtime reports. `model` is its version: name and fingerprint."""

    def runs_on(self, model: str, provider: str | None) -> None:
        """The execution provider that the model really runs on; None: it runs no more."""
        ...

    def ran(self, run: ModelRun) -> None:
        """A batch went through."""
        ...

    def waiting(self, model: str, items: int) -> None:
        """So many items wait for the model now."""
        ...


class Meter(Protocol):
    def decided(self, decision: Decision, seconds: float) -> None:
        """A decision was made and is durable; it took `seconds`."""
        ...

    def reviewed(self, gate: str, waited_seconds: float) -> None:
        """A person resolved a task that had waited so long."""
        ...

    def asked_of_people(self, gate: str, of_capacity: float) -> None:
        """What the gate asks of people, in parts of what its contract says that they can do."""
        ...

    def adapted(self, gate: str, mode: str) -> None:
        """Watching a gate has put it into this mode."""
        ...

    def shadowed(self, gate: str, how: str) -> None:
        """An item was `judged` by the candidate in shadow, or that `failed`, or it was `dropped`
        since too many waited."""
        ...

    def attempted(self, delivery: Delivery) -> None:
        """A delivery was tried; its state says how it ended."""
        ...

    def turn_failed(self, task: str) -> None:
        """A turn of a repeated task, or a part of it, has failed; the next one tries again."""
        ...

    def model_switched(self, model: str, *, took_over: bool) -> None:
        """Another version was to take over: it did, or the one before goes on."""
        ...

    def model_stands(self, model: str, *, behind: bool) -> None:
        """Whether this process scores with another version than the one in force."""
        ...


class WebMeter(Protocol):
    """What the web reports, and tells whoever asks."""

    def answered(self, *, endpoint: str, method: str, status: int, seconds: float) -> None:
        """A request was answered. `endpoint` is its path with the parameters by name."""
        ...

    @property
    def media_type(self) -> str:
        """Of the exposition."""
        ...

    def exposition(
        self, open_tasks: Callable[[], dict[str, int]], modes: Callable[[], Mapping[str, Mode]]
    ) -> bytes:
        """Everything that was counted, as text; open tasks and the gates' modes as they are now."""
        ...
