"""The chain in the store: no gaps under pressure, and every way to change it shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, delete, text, update

from service.domain.audit import AuditEntry, Breach, verify
from service.store import tables
from service.store.engine import open_engine
from service.store.sql_store import SqlStore
from tests.examples import NOW, a_draft
from tests.store.crowd import at_once

VICTIM = 4
LENGTH = 7


@pytest.fixture
def chain(store: SqlStore) -> list[AuditEntry]:
    """Entries in two transactions: the first of several, the second of one."""
    with store.transaction() as tx:
        entries = tx.audit.append([a_draft(subject=f"dec_{n}") for n in range(1, LENGTH)])
    with store.transaction() as tx:
        assert tx.audit.append([]) == []
        return entries + tx.audit.append([a_draft(kind="task.claimed", actor="person:lin")])


@contextmanager
def behind_the_back(store_url: str) -> Iterator[Connection]:
    """A connection that writes what the store never would."""
    engine = open_engine(store_url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def breach_in(store: SqlStore) -> Breach | None:
    with store.reading() as tx:
        return verify(tx.audit.entries(), tx.audit.head())


def test_an_untouched_chain_holds(store: SqlStore, chain: list[AuditEntry]) -> None:
    assert [entry.seq for entry in chain] == list(range(1, LENGTH + 1))
    assert breach_in(store) is None
    with store.reading() as tx:
        read = list(tx.audit.entries())
        assert [entry for entry, _ in read] == chain
        assert [stored.payload for _, stored in read if stored] == [a_draft().payload] * LENGTH
        assert tx.audit.head().hash == chain[-1].hash


@pytest.mark.parametrize(
    "payload",
    [
        {"b": 1.0, "a": {"é\x00": "\x00\x7f😀"}, "n": [0.1, None, True, []], "text": "\x00 Grüße"},
        {"id": 2**63, "tiny": 1e-9, "huge": 1e300},
        {},
    ],
)
def test_a_payload_comes_back_as_it_went_in(store: SqlStore, payload: dict[str, Any]) -> None:
    with store.transaction() as tx:
        tx.audit.append([a_draft(payload=payload), a_draft()])
    with store.reading() as tx:
        [(_, stored), _] = tx.audit.entries()
    assert stored
    assert stored.payload == payload
    assert breach_in(store) is None


def test_entries_are_read_in_slices(store: SqlStore, chain: list[AuditEntry]) -> None:
    with store.reading() as tx:
        assert [entry for entry, _ in tx.audit.entries(after=2, limit=3)] == chain[2:5]
        assert list(tx.audit.entries(after=LENGTH)) == []


def test_an_empty_chain_holds(store: SqlStore) -> None:
    assert breach_in(store) is None


def test_twenty_writers_at_once_leave_no_gap(store: SqlStore) -> None:
    def write(number: int) -> None:
        for _ in range(3):
            with store.transaction() as tx:
                tx.audit.append([a_draft(actor=f"key:{number}"), a_draft()])

    at_once(20, write)
    assert breach_in(store) is None
    with store.reading() as tx:
        assert tx.audit.head().seq == 120


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", NOW.replace(microsecond=678902)),
        ("kind", "decision.mads"),
        ("subject", "dec_5"),
        ("actor", "polic\u0079 "),
        ("payload_hash", "0" * 64),
        ("hash", "0" * 64),
    ],
)
def test_a_changed_entry_is_named(
    store: SqlStore, store_url: str, chain: list[AuditEntry], column: str, value: object
) -> None:
    with behind_the_back(store_url) as connection:
        connection.execute(
            update(tables.audit_entries)
            .where(tables.audit_entries.c.seq == VICTIM)
            .values({column: value})
        )
    breach = breach_in(store)
    assert breach is not None
    assert (breach.seq, breach.what) == (VICTIM, "its own hash does not fit what it says")


def test_a_changed_link_is_named(store: SqlStore, store_url: str, chain: list[AuditEntry]) -> None:
    with behind_the_back(store_url) as connection:
        connection.execute(
            update(tables.audit_entries)
            .where(tables.audit_entries.c.seq == VICTIM)
            .values(previous_hash="0" * 64)
        )
    assert breach_in(store) == Breach(
        seq=VICTIM, what="it does not follow from the entry before it"
    )


@pytest.mark.parametrize(
    "change",
    [
        'payload = \'{"confidence":0.6,"text":"You are all the same."}\'',
        "payload = '{\"confidence\":1e999}'",
        "payload = '[]'",
        "salt = 'pepper'",
    ],
)
def test_a_changed_payload_is_named(
    store: SqlStore, store_url: str, chain: list[AuditEntry], change: str
) -> None:
    with behind_the_back(store_url) as connection:
        connection.exec_driver_sql(f"UPDATE audit_payloads SET {change} WHERE seq = {VICTIM}")
    assert breach_in(store) == Breach(seq=VICTIM, what="its payload was changed")


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)  # PostgreSQL checks its types
@pytest.mark.parametrize(
    "change",
    [
        "audit_payloads SET payload = '{\"confidence\":'",
        "audit_payloads SET salt = CAST(x'ff' AS TEXT)",
        "audit_entries SET at = '2030-01-02 03:04:0x'",
        "audit_entries SET kind = CAST(x'ff' AS TEXT)",
    ],
)
def test_an_entry_that_cannot_be_read_is_named(
    store: SqlStore, store_url: str, chain: list[AuditEntry], change: str
) -> None:
    with behind_the_back(store_url) as connection:
        connection.exec_driver_sql(f"UPDATE {change} WHERE seq = {VICTIM}")
    assert breach_in(store) == Breach(seq=VICTIM, what="it cannot be read")


def test_a_missing_entry_is_named(store: SqlStore, store_url: str, chain: list[AuditEntry]) -> None:
    with behind_the_back(store_url) as connection:
        forget(connection, "seq = :seq", VICTIM)
    assert breach_in(store) == Breach(seq=VICTIM, what=f"entry {VICTIM} is missing")


def test_a_cut_tail_is_noticed(store: SqlStore, store_url: str, chain: list[AuditEntry]) -> None:
    with behind_the_back(store_url) as connection:
        forget(connection, "seq >= :seq", VICTIM)
    assert breach_in(store) == Breach(
        seq=VICTIM, what=f"the chain ends at {VICTIM - 1}, its head is {LENGTH}"
    )


def test_erased_payloads_leave_the_chain_whole(
    store: SqlStore, store_url: str, chain: list[AuditEntry]
) -> None:
    with behind_the_back(store_url) as connection:
        payloads = tables.audit_payloads
        connection.execute(delete(payloads).where(payloads.c.seq.in_([1, VICTIM])))
    assert breach_in(store) is None
    with store.reading() as tx:
        erased = [entry.seq for entry, stored in tx.audit.entries() if stored is None]
    assert erased == [1, VICTIM]


def test_64_bit_ids_in_a_payload_are_kept_and_verified(store: SqlStore) -> None:
    payload = {"message_id": 1152921504606846977, "exact": 2**53 - 1}
    with store.transaction() as tx:
        tx.audit.append([a_draft(payload=payload)])
    with store.reading() as tx:
        [(_, stored)] = tx.audit.entries()
    assert stored is not None
    assert stored.payload == payload
    assert breach_in(store) is None


def forget(connection: Connection, where: str, seq: int) -> None:
    for table in ("audit_payloads", "audit_entries"):
        connection.execute(text(f"DELETE FROM {table} WHERE {where}"), {"seq": seq})
