"""Shadows of gates, and what those that score by themselves made of which item."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from service.domain.errors import ShadowRuns
from service.domain.shadow import Judgement, Shadow, ShadowState
from service.store import tables
from service.store.statements import insert_unless_taken

_row = tables.shadows.c


class SqlShadows:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, shadow: Shadow) -> None:
        """Raises ShadowRuns where that number is taken: somebody else was faster."""
        if not insert_unless_taken(self._connection, tables.shadows, asdict(shadow)):
            raise ShadowRuns

    def latest(self, gate: str) -> Shadow | None:
        newest = select(func.max(_row.number)).where(_row.gate == gate).scalar_subquery()
        found = self._found(select(tables.shadows).where(_row.gate == gate, _row.number == newest))
        return found[0] if found else None

    def running(self) -> list[Shadow]:
        return self._found(select(tables.shadows).where(_row.state == ShadowState.RUNNING))

    def end(self, shadow: Shadow) -> bool:
        statement = (
            update(tables.shadows)
            .where(
                _row.gate == shadow.gate,
                _row.number == shadow.number,
                _row.state == ShadowState.RUNNING,
            )
            .values(state=shadow.state, ended_at=shadow.ended_at, ended_by=shadow.ended_by)
        )
        return self._connection.execute(statement).rowcount == 1

    def judged(self, judgements: Sequence[Judgement]) -> None:
        if judgements:
            rows = [
                asdict(one) | {"spread": None if one.spread is None else asdict(one.spread)}
                for one in judgements
            ]
            self._connection.execute(insert(tables.shadow_judgements), rows)

    def _found(self, query: Select[Any]) -> list[Shadow]:
        return [_shadow(row) for row in self._connection.execute(query)]


def _shadow(row: Row[Any]) -> Shadow:
    return Shadow(**dict(row._mapping) | {"state": ShadowState(row.state)})
