"""The retrainings of gates."""

from sqlalchemy import Connection, select

from service.domain.retraining import Retraining
from service.store import tables
from service.store.statements import insert_unless_taken

_retraining = tables.retrainings.c


class SqlRetrainings:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, gate: str) -> list[Retraining]:
        query = (
            select(tables.retrainings)
            .where(_retraining.gate == gate)
            .order_by(_retraining.number.desc(), _retraining.at.desc())
        )
        return [Retraining(**row._mapping) for row in self._connection.execute(query)]

    def add(self, retraining: Retraining) -> bool:
        row = vars(retraining) | {"judgement": dict(retraining.judgement)}
        return insert_unless_taken(self._connection, tables.retrainings, row)
