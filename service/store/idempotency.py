"""What was answered to requests that may be repeated."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update

from service.ports.repositories.idempotency import KeyedAnswer, StoredAnswer
from service.store import tables
from service.store.many_rows import insert_all_unless_taken
from service.store.statements import insert_unless_taken

_row = tables.idempotency_keys.c


class SqlIdempotency:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, principal: str, key: str) -> StoredAnswer | None:
        query = select(_row.fingerprint, _row.answer).where(_is(principal, key))
        row = self._connection.execute(query).one_or_none()
        if row is None or row.answer is None:
            return None
        return StoredAnswer(fingerprint=row.fingerprint, answer=row.answer)

    def claim(self, principal: str, key: str, fingerprint: str, now: datetime) -> bool:
        return insert_unless_taken(
            self._connection,
            tables.idempotency_keys,
            {"principal": principal, "key": key, "fingerprint": fingerprint, "created_at": now},
        )

    def store(self, principal: str, key: str, answer: dict[str, Any]) -> None:
        self._connection.execute(
            update(tables.idempotency_keys).where(_is(principal, key)).values(answer=answer)
        )

    def keep(self, answers: Sequence[KeyedAnswer]) -> set[tuple[str, str]]:
        # In one order everywhere: two transactions never wait for each other's keys.
        in_order = sorted(answers, key=lambda one: (one.principal, one.key))
        rows = [
            {
                "principal": one.principal,
                "key": one.key,
                "fingerprint": one.fingerprint,
                "created_at": one.at,
                "answer": one.answer,
            }
            for one in in_order
        ]
        kept = insert_all_unless_taken(self._connection, tables.idempotency_keys, rows)
        return {(principal, key) for principal, key in kept}

    def forget_before(self, moment: datetime) -> int:
        old = delete(tables.idempotency_keys).where(_row.created_at < moment)
        return self._connection.execute(old).rowcount


def _is(principal: str, key: str) -> ColumnElement[bool]:
    return and_(_row.principal == principal, _row.key == key)
