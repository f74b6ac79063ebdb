"""What people said of items, for learning."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from service.domain.decision import Spread
from service.domain.ids import DecisionId
from service.domain.label import Label
from service.store import tables

_label = tables.labels.c


class SqlLabels:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, label: Label) -> None:
        self._connection.execute(insert(tables.labels), asdict(label))

    def remove(self, decision_id: DecisionId) -> None:
        self._connection.execute(delete(tables.labels).where(_label.decision_id == decision_id))

    def of_panel(self, gate: str) -> list[Label]:
        query = (
            select(tables.labels)
            .where(_label.gate == gate, _label.panel.is_(True))
            .order_by(_label.decision_id)
        )
        return [_label_of(row) for row in self._connection.execute(query)]


def _label_of(row: Row[Any]) -> Label:
    columns = dict(row._mapping)
    columns["spread"] = None if row.spread is None else Spread(**row.spread)
    return Label(**columns)
