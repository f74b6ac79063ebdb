"""Where versions of models are kept, and what a service makes of them."""

from typing import Protocol

from service.ports.scorer import Scorer


class OpenModel[S: Scorer](Protocol):
    def __call__(self, model: str, version: str | None) -> S:
        """The version of the model, loaded and warmed up; None for the shipped one. Blocking.

        Raises MissingVersion where this machine does not have it, and BrokenBundle where it is
        not whole, does not run, or does not fit the gates that use the model.
        """
        ...
