"""Many rows, few statements: stored to the byte as they are one by one."""

from collections.abc import Iterator
from datetime import timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Table, event, insert
from sqlalchemy.exc import IntegrityError

from service.store import tables
from service.store.engine import open_engine
from service.store.many_rows import insert_all, insert_all_unless_taken
from tests.examples import NOW

FULL = {
    "gate": "gate 'one', \"two\"",
    "policy_version": 2**31 - 1,
    "created_at": NOW.astimezone(timezone(timedelta(hours=-5))),
    "requested_by": "key:demo",
    "item": {"text": "\x00 é \ud800", "fields": {"n": 2**70, "x": 1e22, "y": -0.0}},
    "ai_result": [],
    "signals": {"score": 1},
    "category": None,
    "risk_level": "low",
    "resume_mode": "none",
    "metadata": {},
    "zone": "auto_approve",
    "reason": "above_high",
    "threshold_low": 0,
    "threshold_high": 0.1 + 0.2,
    "notes": [],
    "decided_at": NOW.replace(microsecond=0),
    "edited_result": "",
    "panel": True,
    "audit_probability": 5e-324,
}
BARE = FULL | {
    "ai_result": None,
    "signals": None,
    "threshold_low": None,
    "decided_at": None,
    "edited_result": None,
    "panel": False,
}


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    engine = open_engine(store_url)
    yield engine
    engine.dispose()


def rows_of(count: int, prefix: str) -> list[dict[str, Any]]:
    return [{"id": f"{prefix}{n:04}", **(FULL if n % 2 else BARE)} for n in range(count)]


def stored(connection: Connection, table: Table, prefix: str) -> list[tuple[Any, ...]]:
    """As the driver gives it, without what SQLAlchemy makes of it, and without the id."""
    found = connection.exec_driver_sql(
        f"SELECT * FROM {table.name} WHERE id LIKE '{prefix}%%' ORDER BY id"
    )
    return [tuple(row)[1:] for row in found]


@pytest.mark.parametrize("count", [0, 1, 7, 64, 150])
def test_many_rows_are_stored_as_single_ones_are(engine: Engine, count: int) -> None:
    with engine.begin() as connection:
        for row in rows_of(count, "single"):
            connection.execute(insert(tables.decisions), row)
        insert_all(connection, tables.decisions, rows_of(count, "many"))
        many = stored(connection, tables.decisions, "many")
        assert len(many) == count
        assert repr(many) == repr(stored(connection, tables.decisions, "single"))


def test_a_hundred_rows_are_a_few_statements(engine: Engine) -> None:
    statements: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def count(*call: Any) -> None:
        statements.append(call[2])

    with engine.begin() as connection:
        statements.clear()
        insert_all(connection, tables.decisions, rows_of(100, "many"))
    assert len(statements) <= 4


def keyed(*numbers: int, fingerprint: str = "f") -> list[dict[str, Any]]:
    return [
        {
            "principal": "key:a",
            "key": f"{number:03}",
            "fingerprint": fingerprint,
            "created_at": NOW,
            "answer": {"n": number},
        }
        for number in numbers
    ]


def test_rows_whose_keys_are_taken_are_left_out_and_the_others_told(engine: Engine) -> None:
    table = tables.idempotency_keys
    with engine.begin() as connection:
        first = insert_all_unless_taken(connection, table, keyed(*range(0, 100, 9)))
        assert len(first) == 12
        second = insert_all_unless_taken(connection, table, keyed(*range(100), fingerprint="other"))
        assert insert_all_unless_taken(connection, table, []) == []
        assert set(first) | set(second) == {("key:a", f"{n:03}") for n in range(100)}
        assert len(second) == 88
        kept = connection.execute(table.select().where(table.c.fingerprint == "f")).all()
        assert {(row.principal, row.key) for row in kept} == set(first)


def test_a_row_that_is_wrong_otherwise_is_no_taken_key(engine: Engine) -> None:
    wrong: list[dict[str, Any]] = [keyed(1)[0] | {"fingerprint": None}]
    with pytest.raises(IntegrityError), engine.begin() as connection:
        insert_all_unless_taken(connection, tables.idempotency_keys, wrong)
