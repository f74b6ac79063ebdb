"""Which version of which model was put in force, by whom, and how that went."""

from dataclasses import asdict

from sqlalchemy import Connection, select, update

from service.domain.errors import Conflict
from service.domain.model import Activation, ActivationCause, ActivationState
from service.store import tables
from service.store.statements import insert_unless_taken

_row = tables.model_activations.c


class SqlActivations:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def history(self, model: str | None = None) -> list[Activation]:
        query = select(tables.model_activations).order_by(_row.model, _row.number.desc())
        if model is not None:
            query = query.where(_row.model == model)
        return [
            Activation(
                **dict(row._mapping)
                | {"cause": ActivationCause(row.cause), "state": ActivationState(row.state)}
            )
            for row in self._connection.execute(query)
        ]

    def add(self, activation: Activation) -> None:
        """Raises Conflict where that number is taken: somebody else was faster."""
        if not insert_unless_taken(self._connection, tables.model_activations, asdict(activation)):
            raise Conflict(
                f"Another version of {activation.model} was activated meanwhile.",
                fix="Look which one is active, then decide again.",
            )

    def settle(self, activation: Activation) -> bool:
        """Write how a pending activation ended; False where it is no longer pending."""
        statement = (
            update(tables.model_activations)
            .where(
                _row.model == activation.model,
                _row.number == activation.number,
                _row.state == ActivationState.PENDING,
            )
            .values(
                state=activation.state,
                reason=activation.reason,
                settled_at=activation.settled_at,
            )
        )
        return self._connection.execute(statement).rowcount == 1
