"""Versions of gate policies."""

from typing import Any

from sqlalchemy import Connection, Row, func, select

from service.domain.errors import Conflict
from service.ports.store import Page, StoredPolicy
from service.store import tables
from service.store.statements import insert_unless_taken

_policy = tables.gate_policies.c


class SqlPolicies:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def latest(self, *, cause: str | None = None) -> list[StoredPolicy]:
        newest = select(_policy.gate, func.max(_policy.version).label("version"))
        if cause is not None:
            newest = newest.where(_policy.cause == cause)
        found = newest.group_by(_policy.gate).subquery()
        query = (
            select(tables.gate_policies)
            .join(found, (_policy.gate == found.c.gate) & (_policy.version == found.c.version))
            .order_by(_policy.gate)
        )
        return [_stored(row) for row in self._connection.execute(query)]

    def versions(self, gate: str, page: Page) -> list[StoredPolicy]:
        query = select(tables.gate_policies).where(_policy.gate == gate)
        if page.before is not None:
            query = query.where(_policy.version < int(page.before))
        query = query.order_by(_policy.version.desc()).limit(page.limit)
        return [_stored(row) for row in self._connection.execute(query)]

    def add(self, policy: StoredPolicy) -> None:
        """Raises Conflict where that version of the gate is stored already."""
        row = {
            "gate": policy.gate,
            "version": policy.version,
            "document": policy.document,
            "cause": policy.cause,
            "created_at": policy.created_at,
        }
        if not insert_unless_taken(self._connection, tables.gate_policies, row):
            raise Conflict(f"Version {policy.version} of gate {policy.gate} is stored already.")


def _stored(row: Row[Any]) -> StoredPolicy:
    return StoredPolicy(
        gate=row.gate,
        version=row.version,
        document=row.document,
        cause=row.cause,
        created_at=row.created_at,
    )
