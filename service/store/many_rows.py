"""Many rows in one statement, on both backends.

PostgreSQL gets that from SQLAlchemy. SQLite's driver would run one statement per row, and let go
of the interpreter at each of them: beside a busy event loop, getting it back costs more than the
row. So SQLite gets `INSERT ... VALUES (...), (...), ...`, each value bound as SQLAlchemy binds it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import batched
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import Connection, Dialect, Table, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import ReturningInsert

type Values = dict[str, Any]
type Key = tuple[Any, ...]

MOST_ROWS = 64
"""In one statement of SQLite's: each size has a text of its own, which is to stay prepared."""


def insert_all(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows, none or many, that all name the same columns (at least two)."""
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        connection.execute(insert(table), rows)
        return
    plan = _plan(connection.dialect, table, tuple(rows[0]))
    for some in batched(rows, MOST_ROWS):
        plan.run(connection, some)


def insert_all_unless_taken(
    connection: Connection, table: Table, rows: Sequence[Values]
) -> list[Key]:
    """The same, but for the rows whose primary keys are taken; the primary keys of the others.

    Waits for a transaction that is inserting one of the keys, and sees how it ended.
    """
    if not rows:
        return []
    if connection.dialect.name != "sqlite":
        free = postgresql.insert(table).on_conflict_do_nothing().returning(*table.primary_key)
        return [tuple(row) for row in connection.execute(free, rows)]
    return [
        key
        for some in batched(rows, MOST_ROWS)
        for key in _insert_the_free(connection, table, some)
    ]


def _insert_the_free(connection: Connection, table: Table, rows: Sequence[Values]) -> list[Key]:
    """Nearly always all keys are free: only where one is not must SQLite tell, row by row, which
    are. A statement that fails has written nothing."""
    columns = tuple(rows[0])
    try:
        _plan(connection.dialect, table, columns).run(connection, rows)
    except IntegrityError:
        return _plan(connection.dialect, table, columns, unless_taken=True).run(connection, rows)
    return [tuple(row[column.key] for column in table.primary_key) for row in rows]


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """SQLAlchemy's statement for one row, taken apart so that it serves many."""

    before: str
    one_row: str
    after: str
    values_of: Callable[[Values], Key]  # in the statement's order
    binds: tuple[tuple[int, Callable[[Any], Any]], ...]  # which of them are stored as what

    def run(self, connection: Connection, rows: Sequence[Values]) -> list[Key]:
        """What the statement returns of each row that it inserts, if anything."""
        text = self.before + ", ".join([self.one_row] * len(rows)) + self.after
        result = connection.exec_driver_sql(text, tuple(self._bound(rows)))
        return [tuple(row) for row in result] if result.returns_rows else []

    def _bound(self, rows: Sequence[Values]) -> list[Any]:
        bound: list[Any] = []
        for row in rows:
            values = list(self.values_of(row))
            for at, bind in self.binds:
                values[at] = bind(values[at])
            bound += values
        return bound


@lru_cache(maxsize=64)
def _plan(
    dialect: Dialect, table: Table, columns: tuple[str, ...], *, unless_taken: bool = False
) -> _Plan:
    compiled = _statement(table, unless_taken).compile(dialect=dialect, column_keys=list(columns))
    in_order = cast("list[str]", compiled.positiontup)
    one_row = f"({', '.join('?' * len(in_order))})"
    before, one_row, after = compiled.string.partition(one_row)
    binds = [
        (at, table.columns[name].type.dialect_impl(dialect).bind_processor(dialect))
        for at, name in enumerate(in_order)
    ]
    return _Plan(
        before=before,
        one_row=one_row,
        after=after,
        values_of=itemgetter(*in_order),
        binds=tuple((at, bind) for at, bind in binds if bind is not None),
    )


def _statement(table: Table, unless_taken: bool) -> sqlite.Insert | ReturningInsert[Any]:
    statement = sqlite.insert(table)
    if unless_taken:
        return statement.on_conflict_do_nothing().returning(*table.primary_key)
    return statement
