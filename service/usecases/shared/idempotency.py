"""Idempotency: one key, one effect. The answer is stored in the effect's own transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.domain.errors import IdempotencyInFlight, IdempotencyMismatch
from service.ports.store import Transaction


@dataclass(frozen=True, kw_only=True)
class Receipt[T]:
    """How a caller is to be answered: rendered, and remembered under its key if it gave one.

    `fingerprint` identifies the request (route and body), so that a key cannot be used for two.
    """

    principal: str
    render: Callable[[T], dict[str, Any]]
    key: str | None = None
    fingerprint: str = ""

    def replayed(self, tx: Transaction) -> dict[str, Any] | None:
        """The stored answer to this very request, or None where there is none yet.

        Raises IdempotencyMismatch if the key belongs to another request.
        """
        if self.key is None:
            return None
        stored = tx.idempotency.find(self.principal, self.key)
        if stored is None:
            return None
        if stored.fingerprint != self.fingerprint:
            raise IdempotencyMismatch
        return stored.answer

    def once(self, tx: Transaction, now: datetime, act: Callable[[], T]) -> dict[str, Any]:
        """Act and remember the answer, or give back the answer of the first time."""
        if self.key is None:
            return self.render(act())
        if not tx.idempotency.claim(self.principal, self.key, self.fingerprint, now):
            answer = self.replayed(tx)
            if answer is None:
                raise IdempotencyInFlight
            return answer
        answer = self.render(act())
        tx.idempotency.store(self.principal, self.key, answer)
        return answer
