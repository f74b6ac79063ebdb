"""The one statement that SQLAlchemy spells differently per backend: for one row, and for many."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_unless_taken(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert a row; False, and nothing written, where its key is taken.

    Waits for a transaction that is inserting the same key, and sees how it ended.
    """
    statement = _insert(connection, table).on_conflict_do_nothing()
    counted = statement.execution_options(preserve_rowcount=True)
    return connection.execute(counted, row).rowcount == 1


def insert_unless_taken_all(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]]
) -> list[Row[Any]]:
    """The same for many rows at once; the primary keys of those that were inserted."""
    statement = _insert(connection, table).on_conflict_do_nothing()
    return list(connection.execute(statement.returning(*table.primary_key), rows))


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)
