"""Which version of a model was in force, and when."""

from typing import Protocol

from service.domain.model import Activation


class Activations(Protocol):
    def history(self, model: str | None = None) -> list[Activation]:
        """The model's activations, or those of every model one after the other, newest first."""
        ...

    def add(self, activation: Activation) -> None:
        """Raises Conflict where that number is taken: somebody else was faster."""
        ...

    def settle(self, activation: Activation) -> bool:
        """Write how a pending activation ended; False where it is no longer pending."""
        ...
