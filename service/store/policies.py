"""Versions of gate policies."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, func, select

from service.domain.change import Cause, Change
from service.domain.errors import ChangedMeanwhile
from service.ports.page import Page
from service.ports.repositories.policies import StoredPolicy
from service.store import tables
from service.store.statements import insert_unless_taken

_policy = tables.gate_policies.c


class SqlPolicies:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def latest(self, *, causes: Collection[Cause] | None = None) -> list[StoredPolicy]:
        newest = select(_policy.gate, func.max(_policy.version).label("version"))
        if causes is not None:
            newest = newest.where(_policy.cause.in_(causes))
        found = newest.group_by(_policy.gate).subquery()
        query = (
            select(tables.gate_policies)
            .join(found, (_policy.gate == found.c.gate) & (_policy.version == found.c.version))
            .order_by(_policy.gate)
        )
        return [_stored(row) for row in self._connection.execute(query)]

    def get(self, gate: str, version: int) -> StoredPolicy | None:
        query = select(tables.gate_policies).where(_policy.gate == gate, _policy.version == version)
        row = self._connection.execute(query).one_or_none()
        return _stored(row) if row else None

    def all_of(self, gate: str, *, cause: Cause | None = None) -> list[StoredPolicy]:
        query = select(tables.gate_policies).where(_policy.gate == gate)
        if cause is not None:
            query = query.where(_policy.cause == cause)
        return list(map(_stored, self._connection.execute(query.order_by(_policy.version.desc()))))

    def versions(self, gate: str, page: Page) -> list[StoredPolicy]:
        query = select(tables.gate_policies).where(_policy.gate == gate)
        if page.before is not None:
            query = query.where(_policy.version < int(page.before))
        query = query.order_by(_policy.version.desc()).limit(page.limit)
        return [_stored(row) for row in self._connection.execute(query)]

    def add(self, policy: StoredPolicy) -> None:
        """Raises ChangedMeanwhile where that version of the gate is stored already."""
        row = {
            "gate": policy.gate,
            "version": policy.version,
            "document": policy.document,
            **asdict(policy.change),
            "created_at": policy.created_at,
        }
        if not insert_unless_taken(self._connection, tables.gate_policies, row):
            raise ChangedMeanwhile(
                f"Version {policy.version} of gate {policy.gate} is stored already."
            )


def _stored(row: Row[Any]) -> StoredPolicy:
    return StoredPolicy(
        gate=row.gate,
        version=row.version,
        document=row.document,
        change=Change(
            cause=Cause(row.cause),
            actor=row.actor or "",  # versions from before authors were kept
            note=row.note or "",
            restores=row.restores,
        ),
        created_at=row.created_at,
    )
