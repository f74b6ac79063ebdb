"""Items with the labels that people gave them."""

from collections.abc import Iterator
from typing import Protocol

from service.domain.ids import DecisionId
from service.domain.labelled import LabelledItem


class Labelled(Protocol):
    def of(
        self, gate: str, *, after: DecisionId | None = None, limit: int | None = None
    ) -> Iterator[LabelledItem]:
        """The gate's labelled items, oldest first, behind the decision `after`. Read them while
        the transaction lasts."""
        ...
