"""Connections: what a URL means, and how each backend begins a transaction.

SQLite runs in WAL mode with a full sync at each commit; writers begin IMMEDIATE, so that they
queue up instead of failing half-way. PostgreSQL writes at READ COMMITTED under row locks. Reading
sees one snapshot on both, and cannot write.
"""

from collections.abc import Sequence
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from urllib.parse import unquote, urlsplit

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from service.domain.errors import InvalidInput
from service.store import documents

BUSY_TIMEOUT_MS = 15_000
STATEMENTS_KEPT = 512
"""Prepared, by a connection to SQLite: one for each number of rows that go in together, too."""

PAGES_TO_CHECKPOINT = 8192
"""How long the log grows before a commit copies it into the database, 32 MB: a page that many
decisions change is copied once. After a crash a log of this length is read in .04 s."""

SQLITE_PRAGMAS = (
    f"busy_timeout = {BUSY_TIMEOUT_MS}",
    "journal_mode = WAL",
    "synchronous = FULL",
    f"wal_autocheckpoint = {PAGES_TO_CHECKPOINT}",
    "foreign_keys = ON",
)


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


def file_of(url: URL) -> Path:
    """SQLite's file, which may be named by a path or by a URI (sqlite.org/uri.html)."""
    name = url.database or ""
    return Path(unquote(urlsplit(name).path) if name.startswith("file:") else name)


def read_only(engine: Engine) -> Engine:
    """An engine for the same store, whose transactions see one snapshot each and write nothing."""
    if engine.dialect.name == "sqlite":
        # Connections of its own: each change of `query_only` makes SQLite prepare anew all that a
        # connection has prepared.
        return _sqlite_engine(engine.url, ("query_only = ON",), begin="BEGIN")
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


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
    _make_folder(file_of(url).parent)
    return _sqlite_engine(url, (), begin="BEGIN IMMEDIATE")


def _sqlite_engine(url: URL, pragmas: Sequence[str], *, begin: str) -> Engine:
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        json_serializer=documents.dump,
        hide_parameters=True,  # errors are logged, and rows hold what people wrote
        poolclass=QueuePool,
        pool_size=10,
        max_overflow=20,
        connect_args={"cached_statements": STATEMENTS_KEPT},
    )

    def prepare(connection: SqliteConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        for pragma in (*SQLITE_PRAGMAS, *pragmas):
            connection.execute(f"PRAGMA {pragma}")

    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", start)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"The store's folder {folder} cannot be made: {error.strerror}.",
            fix="Name a folder that can be written to in GATE_DATABASE_URL.",
        ) from error
