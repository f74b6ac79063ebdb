"""Verdicts on their way to whom they are for."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from service.domain.delivery import Delivery, DeliveryState
from service.domain.ids import DeliveryId, TaskId
from service.ports.page import Page


class Deliveries(Protocol):
    def add(self, delivery: Delivery) -> None: ...

    def get(self, delivery_id: DeliveryId) -> Delivery | None: ...

    def lock(self, delivery_id: DeliveryId) -> Delivery | None: ...

    def save(self, delivery: Delivery) -> None:
        """Write a moved delivery. A hold ends where the move set a new time or another state."""
        ...

    def latest_of_task(self, task_id: TaskId) -> Delivery | None: ...

    def latest_of_tasks(self, task_ids: Sequence[TaskId]) -> dict[TaskId, Delivery]: ...

    def claim_due(self, now: datetime, hold_for: timedelta, limit: int) -> list[Delivery]:
        """Pending deliveries whose time has come, hidden from other workers for `hold_for`."""
        ...

    def hold(self, delivery_id: DeliveryId, until: datetime) -> None:
        """Keep a delivery that is being tried hidden from other workers until then."""
        ...

    def browse(
        self, *, gates: frozenset[str] | None, state: DeliveryState | None, page: Page
    ) -> list[Delivery]: ...

    def next_due_at(self) -> datetime | None:
        """When the next pending delivery wants to leave; None where none is pending."""
        ...
