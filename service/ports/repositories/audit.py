"""The audit chain."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from service.domain.audit import AuditDraft, AuditEntry, ChainHead, StoredPayload


class Audit(Protocol):
    def append(self, drafts: Sequence[AuditDraft]) -> list[AuditEntry]:
        """Link drafts to the chain. Writers queue behind each other until the transaction ends:
        take what else needs a lock first."""
        ...

    def head(self) -> ChainHead: ...

    def entries(
        self, *, after: int = 0, limit: int | None = None
    ) -> Iterator[tuple[AuditEntry, StoredPayload | None]]:
        """Entries by seq, with payloads that are still there."""
        ...
