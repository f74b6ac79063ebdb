"""The audit chain: entries that stay, and payloads that can be erased."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update
from sqlalchemy.exc import DBAPIError

from service.domain.audit import (
    AuditDraft,
    AuditEntry,
    ChainHead,
    StoredPayload,
    UnreadableEntry,
    link,
)
from service.store import documents, tables
from service.store.many_rows import insert_all

_entry = tables.audit_entries.c
_payload = tables.audit_payloads.c
_head = tables.audit_head.c

# Built once: building a statement costs as much as running it.
_HEAD = select(_head.seq, _head.hash)
_HEAD_LOCKED = _HEAD.with_for_update()
_MOVE_HEAD = update(tables.audit_head).values(seq=bindparam("to_seq"), hash=bindparam("to_hash"))

ROWS_AT_ONCE = 1000
_WITH_PAYLOADS = select(tables.audit_entries, _payload.salt, _payload.payload).outerjoin(
    tables.audit_payloads, _entry.seq == _payload.seq
)


class SqlAudit:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, drafts: Sequence[AuditDraft]) -> list[AuditEntry]:
        if not drafts:
            return []
        head = self._read_head(lock=True)
        entries: list[AuditEntry] = []
        for draft in drafts:
            entry = link(head, draft)
            head = ChainHead(seq=entry.seq, hash=entry.hash)
            entries.append(entry)
        insert_all(self._connection, tables.audit_entries, [_row_of(e) for e in entries])
        insert_all(
            self._connection,
            tables.audit_payloads,
            [
                {"seq": entry.seq, "salt": draft.salt, "payload": _document_of(draft)}
                for entry, draft in zip(entries, drafts, strict=True)
            ],
        )
        self._connection.execute(_MOVE_HEAD, {"to_seq": head.seq, "to_hash": head.hash})
        return entries

    def head(self) -> ChainHead:
        return self._read_head(lock=False)

    def entries(
        self, *, after: int = 0, limit: int | None = None
    ) -> Iterator[tuple[AuditEntry, StoredPayload | None]]:
        """Raises UnreadableEntry where what is stored does not even parse."""
        query = _WITH_PAYLOADS.where(_entry.seq > after).order_by(_entry.seq).limit(limit)
        read = after
        try:
            for row in self._connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE)):
                yield _entry_of(row), _payload_of(row)
                read = row.seq
        except (ValueError, DBAPIError) as error:
            raise UnreadableEntry(self._first_unreadable(after=read)) from error

    def _first_unreadable(self, *, after: int) -> int:
        rows = select(_entry.seq).where(_entry.seq > after).order_by(_entry.seq)
        for seq in self._connection.scalars(rows).all():
            try:
                self._connection.execute(_WITH_PAYLOADS.where(_entry.seq == seq)).one()
            except (ValueError, DBAPIError):
                return int(seq)
        return after + 1

    def _read_head(self, *, lock: bool) -> ChainHead:
        row = self._connection.execute(_HEAD_LOCKED if lock else _HEAD).one()
        return ChainHead(seq=row.seq, hash=row.hash)


def _row_of(entry: AuditEntry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "at": entry.at,
        "kind": entry.kind,
        "subject": entry.subject,
        "actor": entry.actor,
        "payload_hash": entry.payload_hash,
        "previous_hash": entry.previous_hash,
        "hash": entry.hash,
    }


def _document_of(draft: AuditDraft) -> Any:
    """What was hashed, wherever that reads back as the payload: it is written already."""
    return draft.payload if draft.plain is None else documents.Text(draft.plain.decode())


def _entry_of(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        seq=row.seq,
        at=row.at,
        kind=row.kind,
        subject=row.subject,
        actor=row.actor,
        payload_hash=row.payload_hash,
        previous_hash=row.previous_hash,
        hash=row.hash,
    )


def _payload_of(row: Row[Any]) -> StoredPayload | None:
    if row.salt is None:
        return None
    return StoredPayload(seq=row.seq, salt=row.salt, payload=row.payload)
