"""The store that the settings name, for a command."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from service.ports.store import Store
from service.settings import Settings
from service.store.sql_store import SqlStore


@contextmanager
def open_store(settings: Settings) -> Iterator[Store]:
    """The store, at the newest schema; closed at the end."""
    store = SqlStore(settings.database_url)
    try:
        store.migrate()
        yield store
    finally:
        store.close()


def store_failure(error: Exception) -> str | None:
    """Why the store cannot be used, in one line; None where the error is not the store's."""
    if not isinstance(error, SQLAlchemyError):
        return None
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]
