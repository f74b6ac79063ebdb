"""Whether the run of a decision has gone on after its review."""

from enum import StrEnum

from service.domain.delivery import Delivery, DeliveryState
from service.domain.ids import DecisionId
from service.ports.store import Store


class Resumption(StrEnum):
    """How far a review has come on its way back to the run that waits for it."""

    OPEN = "open"
    UNDER_WAY = "under_way"
    PROVEN = "proven"


class Resumptions:
    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, decision_id: DecisionId) -> Resumption:
        """Proven once a run has been handed the verdict, or the delivery has its proof."""
        with self._store.reading() as tx:
            if tx.decisions.taken_by(decision_id) is not None:
                return Resumption.PROVEN
            task = tx.tasks.of_decision(decision_id)
            delivery = tx.deliveries.latest_of_task(task.id) if task else None
        return Resumption.OPEN if delivery is None else _by(delivery)


def _by(delivery: Delivery) -> Resumption:
    match delivery.state:
        case DeliveryState.DELIVERED:
            return Resumption.PROVEN
        case DeliveryState.PENDING if delivery.attempts:
            return Resumption.UNDER_WAY
        case _:
            return Resumption.OPEN
