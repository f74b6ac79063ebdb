"""What a gate has decided, over a time: for replays, audits and reports."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from service.domain.recorded import AuditableItems, Period, RecordedItems


class Recorded(Protocol):
    def stream(self, period: Period) -> Iterator[RecordedItems]:
        """The decisions, the newest first, in batches. Read them while the transaction lasts."""
        ...

    def audits(self, period: Period) -> AuditableItems:
        """The decisions that active audits could draw, the newest first."""
        ...

    def count(self, gate: str, since: datetime) -> int:
        """How many decisions the gate has made since then."""
        ...

    def first(self, gate: str) -> datetime | None:
        """When the gate made its first decision; None where it made none."""
        ...

    def span(self, period: Period) -> tuple[datetime, datetime] | None:
        """When the first and the last of them were made; None where there are none."""
        ...
