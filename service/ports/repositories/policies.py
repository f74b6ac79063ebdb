"""Every version of every gate's policy."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from service.domain.change import Cause, Change
from service.ports.page import Page


@dataclass(frozen=True, kw_only=True)
class StoredPolicy:
    """A version of a gate's policy, as the document it was written as, and why it was."""

    gate: str
    version: int
    document: dict[str, Any]
    change: Change
    created_at: datetime


class Policies(Protocol):
    def latest(self, *, causes: Collection[Cause] | None = None) -> list[StoredPolicy]:
        """The newest version of every gate, or the newest that came from one of these causes."""
        ...

    def get(self, gate: str, version: int) -> StoredPolicy | None: ...

    def all_of(self, gate: str, *, cause: Cause | None = None) -> list[StoredPolicy]:
        """Every version of the gate, or every one of this cause, the newest first."""
        ...

    def versions(self, gate: str, page: Page) -> list[StoredPolicy]:
        """The gate's versions, newest first; the page's `before` is a version."""
        ...

    def add(self, policy: StoredPolicy) -> None:
        """Raises ChangedMeanwhile where that version of the gate is stored already."""
        ...
