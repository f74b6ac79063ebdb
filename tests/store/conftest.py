"""The store under test, on every backend. Each test has a database of its own, freshly migrated."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from service.store.sql_store import SqlStore
from tests.servers import PostgresServer
from tests.stores import migrated

BACKENDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def migrated_postgres(postgres: PostgresServer) -> Iterator[str]:
    """The name of a migrated database, to copy from."""
    with postgres.database() as url:
        store = SqlStore(url)
        store.migrate()
        store.close()
        name = make_url(url).database
        assert name
        yield name


@pytest.fixture(params=BACKENDS)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated, empty store."""
    if request.param == "sqlite":
        yield migrated(tmp_path)
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database(template=request.getfixturevalue("migrated_postgres")) as url:
        yield url


@pytest.fixture
def store(store_url: str) -> Iterator[SqlStore]:
    store = SqlStore(store_url)
    yield store
    store.close()


@pytest.fixture(params=BACKENDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that holds nothing yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/gate.db"
    url: str = request.getfixturevalue("postgres_url")
    return url
