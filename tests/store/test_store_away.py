"""A store that does not answer is said to be away: no caller mistakes that for a bug, or an end."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from service.domain.errors import StoreUnavailable
from service.store import engine
from service.store.sql_store import SqlStore
from tests.examples import a_decision
from tests.servers import PostgresServer


def test_postgresql_away(postgres: PostgresServer, postgres_url: str) -> None:
    with closing(SqlStore(postgres_url)) as store:
        store.migrate()
        decision = a_decision()
        with postgres.away(postgres_url):
            with pytest.raises(StoreUnavailable), store.transaction() as tx:
                tx.decisions.add([decision])
            with pytest.raises(StoreUnavailable), store.reading() as tx:
                tx.decisions.get(decision.id)
        with store.transaction() as tx:
            tx.decisions.add([decision])


def test_postgresql_going_away_in_a_transaction(
    postgres: PostgresServer, postgres_url: str
) -> None:
    with closing(SqlStore(postgres_url)) as store:
        store.migrate()
        decision = a_decision()

        def decide() -> None:
            with store.transaction() as tx:
                tx.decisions.add([decision])
                with postgres.away(postgres_url):
                    pass

        with pytest.raises(StoreUnavailable):
            decide()
        with store.reading() as tx:
            assert tx.decisions.get(decision.id) is None


def test_sqlite_kept_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pragmas = [p for p in engine.SQLITE_PRAGMAS if not p.startswith("busy_timeout")]
    monkeypatch.setattr(engine, "SQLITE_PRAGMAS", ("busy_timeout = 10", *pragmas))
    path = tmp_path / "gate.db"
    with closing(SqlStore(f"sqlite:///{path}")) as store:
        store.migrate()
        with closing(sqlite3.connect(path)) as another:
            another.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable), store.transaction() as tx:
                tx.decisions.add([a_decision()])
