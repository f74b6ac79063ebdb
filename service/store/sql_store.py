"""The store, whole: transactions over the repositories."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from service.domain.errors import StoreUnavailable
from service.store import migrations
from service.store.access import SqlAccess
from service.store.activations import SqlActivations
from service.store.audit import SqlAudit
from service.store.certificates import SqlCertificates
from service.store.decisions import SqlDecisions
from service.store.deliveries import SqlDeliveries
from service.store.engine import file_of, open_engine, read_only
from service.store.idempotency import SqlIdempotency
from service.store.labelled import SqlLabelled
from service.store.labels import SqlLabels
from service.store.policies import SqlPolicies
from service.store.recorded import SqlRecorded
from service.store.retrainings import SqlRetrainings
from service.store.shadows import SqlShadows
from service.store.tasks import SqlTasks
from service.store.write_lock import Turn

log = structlog.get_logger()

SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
    }
)
PRIMARY_CODE = 0xFF


class SqlTransaction:
    """The repositories of one transaction, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self.decisions = SqlDecisions(connection)
        self.tasks = SqlTasks(connection)
        self.deliveries = SqlDeliveries(connection)
        self.audit = SqlAudit(connection)
        self.idempotency = SqlIdempotency(connection)
        self.policies = SqlPolicies(connection)
        self.certificates = SqlCertificates(connection)
        self.labels = SqlLabels(connection)
        self.labelled = SqlLabelled(connection)
        self.activations = SqlActivations(connection)
        self.recorded = SqlRecorded(connection)
        self.shadows = SqlShadows(connection)
        self.retrainings = SqlRetrainings(connection)
        self.access = SqlAccess(connection)


class SqlStore:
    """A store on `sqlite:///path` or `postgresql://...`. Safe to use from many threads."""

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)
        self._read_only = read_only(self._engine)
        self._turn = _turns_at(self._engine)

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        with _said_when_away(), self._turn(), self._engine.begin() as connection:
            yield SqlTransaction(connection)

    @contextmanager
    def reading(self) -> Iterator[SqlTransaction]:
        with _said_when_away(), self._read_only.connect() as connection:
            yield SqlTransaction(connection)

    def migrate(self) -> None:
        with self._turn(), self._engine.begin() as connection:
            migrations.upgrade(connection)

    def is_healthy(self) -> bool:
        try:
            with self._read_only.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True

    def close(self) -> None:
        self._read_only.dispose()
        self._engine.dispose()


def _turns_at(engine: Engine) -> Callable[[], AbstractContextManager[None]]:
    """PostgreSQL lets many write at once."""
    return Turn(file_of(engine.url)).taken if engine.dialect.name == "sqlite" else nullcontext


@contextmanager
def _said_when_away() -> Iterator[None]:
    """Raises StoreUnavailable where the server or the disk is the trouble, not what was asked."""
    try:
        yield
    except (OperationalError, NoConnectionFree) as error:
        origin = getattr(error, "orig", None) or error
        code = getattr(origin, "sqlite_errorcode", None)
        if code is not None and code & PRIMARY_CODE not in SQLITE_AWAY:
            raise
        log.warning("store.unavailable", reason=str(origin).strip())
        raise StoreUnavailable from error
