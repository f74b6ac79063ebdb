"""Versions of gate policies."""

from sqlalchemy import Connection, func, select

from service.domain.errors import Conflict
from service.ports.store import StoredPolicy
from service.store import tables
from service.store.statements import insert_unless_taken

_policy = tables.gate_policies.c


class SqlPolicies:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def latest(self) -> list[StoredPolicy]:
        newest = (
            select(_policy.gate, func.max(_policy.version).label("version"))
            .group_by(_policy.gate)
            .subquery()
        )
        query = (
            select(tables.gate_policies)
            .join(newest, (_policy.gate == newest.c.gate) & (_policy.version == newest.c.version))
            .order_by(_policy.gate)
        )
        return [
            StoredPolicy(
                gate=row.gate,
                version=row.version,
                document=row.document,
                cause=row.cause,
                created_at=row.created_at,
            )
            for row in self._connection.execute(query)
        ]

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
