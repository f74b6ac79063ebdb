"""The one statement that SQLAlchemy spells differently per backend."""

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_unless_taken(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert a row; False, and nothing written, where its key is taken.

    Waits for a transaction that is inserting the same key, and sees how it ended.
    """
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(table).on_conflict_do_nothing()
    counted = statement.execution_options(preserve_rowcount=True)
    return connection.execute(counted, row).rowcount == 1
