"""All or nothing, and nothing at all while only reading."""

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from service.domain.audit import ChainHead
from service.domain.errors import StoreUnavailable
from service.store import tables
from service.store.engine import open_engine
from service.store.sql_store import SqlStore
from tests.examples import NOW, a_decision, a_delivery, a_draft, a_task


class Interrupted(Exception):
    pass


def test_an_exception_in_the_block_leaves_nothing(store: SqlStore) -> None:
    decision = a_decision()
    task = a_task(decision)
    delivery = a_delivery(task)

    def write_and_fail() -> None:
        with store.transaction() as tx:
            tx.decisions.add([decision])
            tx.tasks.add([task])
            tx.deliveries.add(delivery)
            tx.audit.append([a_draft()])
            tx.idempotency.claim("key:demo", "k", "fingerprint", NOW)
            raise Interrupted

    with pytest.raises(Interrupted):
        write_and_fail()
    with store.reading() as tx:
        assert tx.decisions.get(decision.id) is None
        assert tx.tasks.get(task.id) is None
        assert tx.deliveries.get(delivery.id) is None
        assert tx.audit.head() == ChainHead()
        assert list(tx.audit.entries()) == []
    with store.transaction() as tx:
        assert tx.idempotency.claim("key:demo", "k", "fingerprint", NOW)


def test_an_audit_entry_that_cannot_be_written_takes_the_decision_with_it(
    store: SqlStore, store_url: str
) -> None:
    row = {"kind": "k", "subject": "s", "actor": "a", "at": NOW}
    hashes = {"payload_hash": "h", "previous_hash": "h", "hash": "h"}
    engine = open_engine(store_url)
    with engine.begin() as connection:  # somebody took the next place in the chain
        connection.execute(insert(tables.audit_entries), {"seq": 1, **row, **hashes})
    engine.dispose()
    decision = a_decision()

    def decide() -> None:
        with store.transaction() as tx:
            tx.decisions.add([decision])
            tx.audit.append([a_draft()])

    with pytest.raises(DBAPIError):
        decide()
    with store.reading() as tx:
        assert tx.decisions.get(decision.id) is None


def test_what_was_committed_is_there_for_another_process(store: SqlStore, store_url: str) -> None:
    decision = a_decision()
    with store.transaction() as tx:
        tx.decisions.add([decision])
    other = SqlStore(store_url)
    with other.reading() as tx:
        assert tx.decisions.get(decision.id) == decision
    other.close()


def test_reading_cannot_write(store: SqlStore) -> None:
    decision = a_decision()
    # SQLite says what a read-only disk says: the store does not answer just now.
    with pytest.raises((DBAPIError, StoreUnavailable)), store.reading() as tx:
        tx.decisions.add([decision])
    with store.transaction() as tx:  # and the connection is fit to write afterwards
        tx.decisions.add([decision])


def test_reading_sees_one_moment(store: SqlStore) -> None:
    first, second = a_decision(), a_decision()
    with store.transaction() as tx:
        tx.decisions.add([first])
    with store.reading() as reader:
        assert reader.decisions.get(first.id) == first
        with store.transaction() as writer:  # reading blocks no writer
            writer.decisions.add([second])
        assert reader.decisions.get(second.id) is None


def test_a_task_without_its_decision_is_refused(store: SqlStore) -> None:
    with pytest.raises(DBAPIError), store.transaction() as tx:
        tx.tasks.add([a_task(a_decision())])


def test_errors_do_not_repeat_what_people_wrote(store: SqlStore) -> None:
    decision = a_decision(requested_by="a secret name")
    with pytest.raises(DBAPIError) as raised, store.transaction() as tx:
        tx.decisions.add([decision, decision])
    assert "a secret name" not in str(raised.value)
