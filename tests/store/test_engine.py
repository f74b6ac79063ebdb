"""What the database's address means, and what SQLite promises."""

import socket
from pathlib import Path

import pytest

from service.domain.errors import InvalidInput
from service.store.engine import open_engine
from service.store.sql_store import SqlStore


def test_sqlite_is_durable_and_makes_its_folder(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/new/folder/gate.db")
    with engine.connect() as connection:

        def pragma(name: str) -> object:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()

        assert pragma("journal_mode") == "wal"
        assert pragma("synchronous") == 2  # FULL
        assert pragma("foreign_keys") == 1
        assert pragma("busy_timeout") == 15_000
        assert pragma("wal_autocheckpoint") == 8192  # pages of 4 KB: 32 MB
    engine.dispose()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_speaks_through_psycopg(scheme: str) -> None:
    engine = open_engine(f"{scheme}://user:word@127.0.0.1/gate")
    assert engine.dialect.driver == "psycopg"
    assert engine.url.password == "word"


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql://127.0.0.1/gate", "gate.db", ""]
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="GATE_DATABASE_URL"):
        open_engine(url)


def test_a_store_knows_whether_it_is_there(store: SqlStore) -> None:
    assert store.is_healthy()


def test_a_store_that_cannot_be_reached_is_not_healthy(tmp_path: Path) -> None:
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        port = nobody_listens.getsockname()[1]
        for url in (f"postgresql://gate@127.0.0.1:{port}/gate", f"sqlite:///{tmp_path}"):
            store = SqlStore(url)
            assert not store.is_healthy()
            store.close()
