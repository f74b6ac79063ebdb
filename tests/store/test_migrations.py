"""The schema's history ends where the tables are, however many processes run it at once."""

import multiprocessing

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from service.domain.audit import ChainHead
from service.store import tables
from service.store.engine import open_engine
from service.store.sql_store import SqlStore


def migrate(url: str) -> None:
    store = SqlStore(url)
    store.migrate()
    store.close()


def test_the_migrations_lead_to_the_tables(empty_url: str) -> None:
    migrate(empty_url)
    engine = open_engine(empty_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def test_migrating_again_changes_nothing(store: SqlStore) -> None:
    store.migrate()
    with store.reading() as tx:
        assert tx.audit.head() == ChainHead()


def test_four_processes_can_migrate_at_once(empty_url: str) -> None:
    fresh_interpreters = multiprocessing.get_context("spawn")
    with fresh_interpreters.Pool(4) as pool:
        pool.map(migrate, [empty_url] * 4, chunksize=1)
    engine = open_engine(empty_url)
    with engine.connect() as connection:
        versions = connection.execute(text("SELECT version_num FROM alembic_version")).all()
        heads = connection.execute(text("SELECT count(*) FROM audit_head")).scalar_one()
    engine.dispose()
    assert len(versions) == 1
    assert heads == 1
