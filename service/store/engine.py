"""Connections: what a URL means, and how each backend begins a transaction.

SQLite runs in WAL mode with a full sync at each commit; writers begin IMMEDIATE, so that they
queue up instead of failing half-way. PostgreSQL writes at READ COMMITTED under row locks. Reading
sees one snapshot on both, and cannot write.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from service.domain.errors import InvalidInput
from service.store import documents

BUSY_TIMEOUT_MS = 15_000
READ_ONLY = "gate_read_only"


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://...`; SQLite's folder is made if missing.

    Raises InvalidInput for anything else, and where the folder cannot be made.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InvalidInput("GATE_DATABASE_URL is not an address of a database.") from error
    match parsed.get_backend_name():
        case "sqlite":
            return _open_sqlite(parsed)
        case "postgresql" | "postgres":
            return _open_postgresql(parsed)
        case other:
            raise InvalidInput(f"GATE_DATABASE_URL names {other}: use sqlite or postgresql.")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection whose transaction sees one snapshot and writes nothing."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.execution_options(**{READ_ONLY: True})
        else:
            connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        yield connection


def _open_postgresql(url: URL) -> Engine:
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        json_serializer=documents.dump,
        hide_parameters=True,  # errors are logged, and rows hold what people wrote
        pool_pre_ping=True,  # a restarted server costs a ping, not a failed request
        pool_size=10,
        max_overflow=20,
        connect_args={"connect_timeout": 10},
    )


def _open_sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise InvalidInput(
            "GATE_DATABASE_URL needs a file: all connections must see the same data."
        )
    _make_folder(Path(url.database).parent)
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        json_serializer=documents.dump,
        hide_parameters=True,  # errors are logged, and rows hold what people wrote
        poolclass=QueuePool,
        pool_size=10,
        max_overflow=20,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"The store's folder {folder} cannot be made: {error.strerror}.",
            fix="Name a folder that can be written to in GATE_DATABASE_URL.",
        ) from error


def _prepare_sqlite(connection: SqliteConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql(f"PRAGMA query_only = {int(read_only)}")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
