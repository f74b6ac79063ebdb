"""The audit trail: checked as a whole, read by those who may."""

from dataclasses import dataclass

from service.domain import audit
from service.domain.access import Principal, Scope
from service.domain.audit import AuditEntry, Breach, ChainHead, StoredPayload
from service.ports.store import Store


@dataclass(frozen=True, kw_only=True)
class Verification:
    """How a check of the chain ended: `breach` is the first place where it does not hold."""

    head: ChainHead
    breach: Breach | None


class AuditTrail:
    def __init__(self, store: Store) -> None:
        self._store = store

    def verify(self) -> Verification:
        """Recompute every hash, from the first entry to the head."""
        with self._store.reading() as tx:
            head = tx.audit.head()
            return Verification(head=head, breach=audit.verify(tx.audit.entries(), head))

    def read(
        self, principal: Principal, *, after: int, limit: int
    ) -> list[tuple[AuditEntry, StoredPayload | None]]:
        """Entries behind `after`, oldest first. Only for principals that may see every gate."""
        principal.demand(Scope.READ)
        principal.demand_all_gates()
        with self._store.reading() as tx:
            return list(tx.audit.entries(after=after, limit=limit))
